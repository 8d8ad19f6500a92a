import { expect } from "chai";
import { textFromHtml } from "../../sip/html-text.ts";

describe("HTML reduced to text", () => {
  for (const [name, html, text] of [
    ["plain text", "hello", "hello"],
    ["elements within a line", "h<b>e<i>l</i></b>l<font color='red'>o</font>", "hello"],
    ["white space is one blank", " a\r\n\t b <b> c</b>d ", "a b cd"],
    ["paragraphs are parted by an empty line", "<p>a</p><p>b</p>\n<P CLASS=x>c", "a\n\nb\n\nc"],
    ["blocks by a line break", "<div>a<div>b</div></div>c", "a\nb\nc"],
    ["br, each one", "a<br>b<br/><BR />c", "a\nb\n\nc"],
    ["lists", "x<ul><li>a<li>b</ul>", "x\n- a\n- b"],
    ["numbered lists, one within the other", "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n- b\n2. c"],
    ["tables", "<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>", "a b\nc d"],
    ["preformatted text keeps its blanks", "x<pre>  a\n   b</pre>y", "x\n  a\n   b\ny"],
    ["an image is its description", 'a <img src="x.png" alt="a &quot;cat&quot;"> b', 'a a "cat" b'],
    ["an image without one is nothing", 'a <img src="x.png"> b', "a b"],
    [
      "a link is its text and address",
      '<a href="https://x.test/?a=1&amp;b=2">there</a>!',
      "there (https://x.test/?a=1&b=2)!",
    ],
    [
      "a link whose text is its address",
      '<a href="http://x.test/">x.test</a> <a href="mailto:a@x.test">a@x.test</a>',
      "x.test a@x.test",
    ],
    ["a link whose text is a part of it", '<a href="http://x.test/e">e</a>', "e (http://x.test/e)"],
    ["a link without text", '<a href="http://x.test/"></a>', "http://x.test/"],
    ["a script in a link is not told", '<a href="javascript:alert(1)">x</a>', "x"],
    [
      "a link in no quotes, and in single ones",
      "<a href=http://a.test>a</a> <a href='http://b.test'>b</a>",
      "a (http://a.test) b (http://b.test)",
    ],
    ["scripts and styles are left out", "a<script>if (a<b) c()</script><STYLE>p { }</STYLE >b", "ab"],
    ["the title too", "<html><head><title>t</title><meta name=x></head><body>b</body></html>", "b"],
    ["a head that does not end", "<head><title>t</title><body>b", "b"],
    ["comments and declarations", "<!DOCTYPE html><?xml version='1.0'?>a<!-- <b> > -->b<!-->", "ab"],
    ["named characters", "&lt;&amp;&gt;&quot;&apos;&auml;&Auml;&euro;&hellip;&hearts;", "<&>\"'äÄ€…♥"],
    ["a blank that does not break is a blank", "a&nbsp;&nbsp;b", "a  b"],
    ["numbered characters", "&#65;&#x1F44B;&#XE4;", "A👋ä"],
    ["numbers of Windows-1252", "&#128;&#146;", "€’"],
    ["numbers of nothing", "&#0;&#xD800;&#x110000;", "\ufffd\ufffd\ufffd"],
    ["what is no reference", "a & b &unknown; &; &#; &#x;", "a & b &unknown; &; &#; &#x;"],
    ["what is no tag", "1 < 2 <3 a<", "1 < 2 <3 a<"],
    ["a greater-than sign in quotes", '<b title="a > b">x</b>', "x"],
    ["a tag without end", "a<b", "a"],
    ["end tags without beginning", "a</p></ul></a></script>b", "a\n\nb"],
    ["nothing", "<p> </p><br>", ""],
  ] as const) {
    it(name, () => expect(textFromHtml(html)).to.equal(text));
  }

  it("a text never becomes longer than its HTML by more than list signs", () => {
    for (const piece of ["<", "<a ", "<a href='http://x'>", "<script>", "<!--", "&amp", "<li>", "<br>", "<pre> "]) {
      const html = piece.repeat(5000);
      expect(textFromHtml(html).length, piece).to.be.at.most(html.length);
    }
  });
});
