import type { Element } from "@xmpp/xml";
import { expect } from "chai";
import fc from "fast-check";
import { StanzaParser, type StanzaParserLimits, type UnreadableStanza } from "../../../xmpp/link/stanza-parser.ts";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='sip.test' id='7'>";

class Reader {
  readonly events: string[] = [];
  readonly elements: Element[] = [];
  readonly parser: StanzaParser;

  constructor(limits: Partial<StanzaParserLimits> = {}) {
    this.parser = new StanzaParser({ length: 1000, depth: 5, ...limits });
    this.parser.on("start", (root: Element) => this.events.push(`start ${root.attrs["id"]}`));
    this.parser.on("element", (element: Element) => {
      this.elements.push(element);
      this.events.push(`element ${element.toString()}`);
    });
    this.parser.on("unreadable", ({ why, head }: UnreadableStanza) => this.events.push(`unreadable ${head} ${why}`));
    this.parser.on("end", () => this.events.push("end"));
    this.parser.on("error", (error: Error) => this.events.push(`error ${error.message}`));
  }

  read(...chunks: string[]): string[] {
    for (const chunk of chunks) {
      this.parser.write(chunk);
    }
    return this.events.splice(0);
  }
}

function opened(limits: Partial<StanzaParserLimits> = {}): Reader {
  const reader = new Reader(limits);
  expect(reader.read(HEADER)).to.deep.equal(["start 7"]);
  return reader;
}

describe("RFC 6120 §4.2 a stream cut into stanzas", () => {
  it("header, stanzas, end", () => {
    expect(new Reader().read(`${HEADER}<a/> <b x='1'>t<c/></b>\n</stream:stream>`)).to.deep.equal([
      "start 7",
      "element <a/>",
      'element <b x="1">t<c/></b>',
      "end",
    ]);
  });

  it("a stanza knows the namespace of the stream", () => {
    const reader = opened();
    reader.read("<message><body>x</body></message><stream:error/>");
    expect(reader.elements.map((element) => element.getNS())).to.deep.equal([
      "jabber:component:accept",
      "http://etherx.jabber.org/streams",
    ]);
    expect(reader.elements[0]?.getChild("body")?.getNS()).to.equal("jabber:component:accept");
  });

  const stanzas: readonly [string, string][] = [
    ["<a b='>' c=\"/>\"><d e='<'/></a>", '<a b="&gt;" c="/&gt;"><d e="&lt;"/></a>'],
    ["<a><![CDATA[<b>]]></a>", "<a>&lt;b&gt;</a>"],
    ["<a>&lt;&amp;&#228;&#x1F600;</a>", "<a>&lt;&amp;ä😀</a>"],
    ["<a\n b = '1'\t/>", '<a b="1"/>'],
    ["<p:a xmlns:p='n'><p:b></p:b></p:a>", '<p:a xmlns:p="n"><p:b/></p:a>'],
  ];
  for (const [text, expected] of stanzas) {
    it(`${JSON.stringify(text)} is one stanza`, () => {
      expect(opened().read(`${text}<next/>`)).to.deep.equal([`element ${expected}`, "element <next/>"]);
    });
  }

  it("is the same whatever the chunks", () => {
    const text = `${HEADER}<a b='>'>x<c d="1"/>y</a> <e><f/></e><g/></stream:stream>`;
    const whole = new Reader().read(text);
    expect(whole).to.have.length(5);
    for (let cut = 1; cut < text.length; cut += 1) {
      expect(new Reader().read(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).to.deep.equal(whole);
    }
    expect(new Reader().read(...text)).to.deep.equal(whole);
  });

  it("reads on after any text inside a stanza, and never throws", () => {
    const scraps = fc.constantFrom(
      "<",
      ">",
      "/",
      "'",
      '"',
      "&",
      ";",
      "a",
      "=",
      " ",
      "<a>",
      "</a>",
      "<!",
      "]]>",
      "<?",
      "&#0;",
      "&x;",
    );
    fc.assert(
      fc.property(fc.array(scraps, { maxLength: 60 }), (parts) => {
        const reader = new Reader();
        expect(() => reader.read(HEADER, ...parts, "</stream:stream>")).to.not.throw();
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a hostile stanza costs itself and not the stream", () => {
  it("an entity that XML does not have", () => {
    expect(opened().read("<iq id='1' from='a'><x>&#0;</x></iq><next/>")).to.deep.equal([
      'unreadable <iq id="1" from="a"/> is not well-formed',
      "element <next/>",
    ]);
  });

  it("tags that do not match", () => {
    expect(opened().read("<iq><x></y></iq><next/><next/>")).to.deep.equal([
      "unreadable <iq/> is not well-formed",
      "element <next/>",
      "element <next/>",
    ]);
  });

  it("deeper than the limit, also by 5,000 levels", () => {
    expect(opened().read("<a><b><c><d><e/></d></c></b></a>")).to.have.length(1);
    const deep = `<iq id='1'>${"<x>".repeat(5000)}${"</x>".repeat(5000)}</iq>`;
    expect(opened({ length: 1e6 }).read(deep, "<next/>")).to.deep.equal([
      'unreadable <iq id="1"/> is nested deeper than 5 elements',
      "element <next/>",
    ]);
  });

  it("longer than the limit, in one chunk or in many", () => {
    const long = `<message from='a'><body>${"x".repeat(5000)}</body></message>`;
    const expected = ['unreadable <message from="a"/> is longer than 1000 characters', "element <next/>"];
    expect(opened().read(`${long}<next/>`)).to.deep.equal(expected);
    expect(opened().read(...long, "<next/>")).to.deep.equal(expected);
  });

  it("a tag longer than the limit ends the stream", () => {
    const reader = opened();
    expect(reader.read(`<a b='${"x".repeat(3000)}`)).to.deep.equal(["error a tag is longer than 1000 characters"]);
    expect(reader.read("'/><next/>")).to.deep.equal([]);
  });

  it("16 MB in small fragments are read in linear time and without being kept", () => {
    const reader = opened({ length: 32 * 1024 * 1024 });
    const fragment = "x".repeat(1400);
    const fragments = Math.ceil((16 * 1024 * 1024) / fragment.length);
    reader.read("<message><body>");
    for (let number = 0; number < fragments; number += 1) {
      reader.parser.write(fragment);
    }
    reader.read("</body></message>");
    expect(reader.elements[0]?.getChildText("body")).to.have.length(fragments * fragment.length);
  });

  it("white space without end leaves nothing behind", () => {
    const reader = opened({ length: 10_000 });
    for (let round = 0; round < 100_000; round += 1) {
      reader.parser.write(" \n");
    }
    expect(reader.read("<next/>")).to.deep.equal(["element <next/>"]);
    expect(reader.elements[0]?.parent?.children).to.deep.equal([]);
  });
});
