import { readFileSync } from "node:fs";
import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { parse } from "ltx";
import { imFromSip } from "../../../gateway/mapping/from-sip.ts";
import { imFromXmpp } from "../../../gateway/mapping/from-xmpp.ts";
import { messageFromIm } from "../../../gateway/mapping/to-sip.ts";
import { stanzaFromIm } from "../../../gateway/mapping/to-xmpp.ts";
import { parseMessage } from "../../../sip/embedded/parse.ts";
import type { SipRequest } from "../../../sip/message.ts";

const FLOW = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.1", port: 5070 },
} as const;

interface Example {
  readonly n: number;
  readonly proto: "sip" | "xmpp";
  readonly text: string;
}

const EXAMPLES = (
  JSON.parse(readFileSync("test/vectors/interop/rfc7572-im.json", "utf8")) as { readonly examples: readonly Example[] }
).examples;

function exampleOf(n: number): string {
  const example = EXAMPLES.find((each) => each.n === n);
  if (example === undefined) throw new Error(`no example ${n}`);
  return example.text;
}

function requestOf(bytes: Buffer): SipRequest {
  const result = parseMessage(bytes, FLOW);
  if (!result.ok) throw new Error(result.why);
  return result.message as SipRequest;
}

/** The RFC prints LF and a Content-Length of its own making; the body is what follows the empty line. */
function requestOfExample(n: number): SipRequest {
  const [head = "", ...body] = exampleOf(n).split("\n\n");
  const text = body
    .join("\n\n")
    .replace(/&#x([0-9A-F]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  const fields = head.split("\n").filter((line) => !/^content-length/i.test(line));
  const length = `Content-Length: ${Buffer.byteLength(text)}`;
  return requestOf(Buffer.from(`${[...fields, length].join("\r\n")}\r\n\r\n${text}`));
}

function stanzaOf(text: string): Element {
  return parse(text);
}

function messageWith(headers: readonly string[], body: Buffer): SipRequest {
  const head = [
    "MESSAGE sip:juliet@xmpp.test SIP/2.0",
    "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKtransaction1",
    "Max-Forwards: 70",
    "From: <sip:romeo@sip.test>;tag=1",
    "To: <sip:juliet@xmpp.test>",
    "Call-ID: call1",
    "CSeq: 1 MESSAGE",
    ...headers,
    `Content-Length: ${body.length}`,
  ];
  return requestOf(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]));
}

function textOf(headers: readonly string[], body: Buffer): string {
  const result = imFromSip(messageWith(headers, body));
  if (!result.ok) throw new Error(result.why);
  return result.im.text;
}

describe("RFC 7572 §5: MESSAGE -> stanza", () => {
  it("example 4 -> example 5", () => {
    const result = imFromSip(requestOfExample(4));
    const expected = stanzaOf(exampleOf(5));
    expect(result).to.deep.include({ ok: true });
    if (!result.ok) return;
    expect(result.im.text).to.equal(expected.getChildText("body"));
    expect(result.im.thread).to.equal("9E97FB43-85F4-4A00-8751-1124FD4C7B2E");
    expect(result.im.id).to.equal("eskdgs677");
  });

  it("example 6 -> example 7: the language goes along", () => {
    const result = imFromSip(requestOfExample(6));
    if (!result.ok) throw new Error(result.why);
    const stanza = stanzaFromIm(result.im, {
      from: { local: "romeo", domain: "example.net" },
      to: { local: "juliet", domain: "example.com" },
      id: "1",
    });
    const expected = stanzaOf(exampleOf(7));
    expect(stanza.attrs["xml:lang"]).to.equal(expected.attrs["xml:lang"]);
    expect(stanza.attrs["from"]).to.equal(expected.attrs["from"]);
    expect(stanza.attrs["to"]).to.equal(expected.attrs["to"]);
    expect(stanza.getChildText("body")).to.equal(expected.getChildText("body")?.trim());
  });

  it("a language that is no tag stays behind: ejabberd would refuse the stanza over it", () => {
    const result = imFromSip(messageWith(['Content-Language: "/>\x02'], Buffer.from("hello")));
    expect(result).to.deep.include({ ok: true });
    if (result.ok) expect(result.im).not.to.have.property("language");
  });

  it("subject, thread, language, id and text stand where XMPP wants them", () => {
    const stanza = stanzaFromIm(
      { text: "Grüße 👋", subject: "Abend", language: "de", thread: "t1" },
      {
        from: { local: "romeo", domain: "sip.test" },
        to: { local: "juliet", domain: "xmpp.test", resource: "b" },
        id: "i",
      },
    );
    expect(stanza.toString()).to.equal(
      '<message type="chat" from="romeo@sip.test" to="juliet@xmpp.test/b" id="i" xml:lang="de">' +
        "<subject>Abend</subject><body>Grüße 👋</body><thread>t1</thread></message>",
    );
  });

  it("what XML forbids is replaced, never sent", () => {
    const envelope = { from: { domain: "sip.test" }, to: { domain: "xmpp.test" }, id: "a\u0001" };
    const stanza = stanzaFromIm({ text: "a\u0000b\u0008c\ufffed\ud800e", subject: "\u0002" }, envelope);
    expect(stanza.getChildText("body")).to.equal("a\ufffdb\ufffdc\ufffdd\ufffde");
    expect(stanza.getChildText("subject")).to.equal("\ufffd");
    expect(stanza.attrs["id"]).to.equal("a\ufffd");
  });

  const bytes = (latin1: string) => Buffer.from(latin1, "latin1");
  for (const [name, headers, body, text] of [
    ["UTF-8 without a charset", ["Content-Type: text/plain"], Buffer.from("Grüße 👋"), "Grüße 👋"],
    ["UTF-8 declared, in quotes", ['Content-Type: text/plain;charset="utf-8"'], Buffer.from("ü"), "ü"],
    ["ISO-8859-1", ["Content-Type: text/plain;charset=ISO-8859-1"], bytes("Gr\xfc\xdfe"), "Grüße"],
    ["windows-1251", ["Content-Type: text/plain; charset=windows-1251"], bytes("\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет"],
    ["Shift_JIS", ["Content-Type: text/plain; charset=Shift_JIS"], bytes("\x82\xa0"), "あ"],
    ["UTF-16LE", ["Content-Type: text/plain; charset=utf-16le"], Buffer.from("é", "utf16le"), "é"],
    ["old phones' Latin-1 without a charset", ["Content-Type: text/plain"], bytes("Gr\xfc\xdfe"), "Grüße"],
    ["declared UTF-8 that is none", ["Content-Type: text/plain;charset=utf-8"], bytes("a\xffb"), "a\ufffdb"],
    ["no Content-Type", [], Buffer.from("hello"), "hello"],
    ["the compact form", ["c: text/plain"], Buffer.from("hello"), "hello"],
    [
      "message/cpim around text/plain",
      ["Content-Type: message/cpim"],
      Buffer.from(
        "From: <sip:romeo@sip.test>\r\nTo: <sip:juliet@xmpp.test>\r\n\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße",
      ),
      "Grüße",
    ],
  ] as const) {
    it(`text: ${name}`, () => {
      expect(textOf(headers, body)).to.equal(text);
    });
  }

  for (const [name, headers, body, status] of [
    ["a type that is no text", ["Content-Type: application/pdf"], "x", 415],
    ["IMDN", ["Content-Type: message/imdn+xml"], "<imdn/>", 415],
    ["an unknown charset", ["Content-Type: text/plain;charset=klingon"], "x", 415],
    ["a compressed body", ["Content-Type: text/plain", "Content-Encoding: deflate"], "x", 415],
    ["a Content-Type that is none", ["Content-Type: ;;"], "x", 400],
    [
      "HTML in message/cpim",
      ["Content-Type: message/cpim"],
      "From: <sip:a@b>\r\n\r\nContent-Type: text/html\r\n\r\n<b>",
      415,
    ],
  ] as const) {
    it(`${status}: ${name}`, () => {
      expect(imFromSip(messageWith(headers, Buffer.from(body)))).to.deep.include({ ok: false, status });
    });
  }

  it("the subject's UTF-8 and the compact Subject are read", () => {
    const result = imFromSip(messageWith(["s: Gr\xc3\xbc\xc3\x9fe", "Content-Type: text/plain"], Buffer.from("x")));
    expect(result).to.deep.include({ ok: true });
    if (result.ok) expect(result.im.subject).to.equal("Grüße");
  });
});

describe("RFC 7572 §4: stanza -> MESSAGE", () => {
  it("example 1 -> example 2", () => {
    const im = imFromXmpp(stanzaOf(exampleOf(1)));
    if (im === undefined) throw new Error("no IM");
    const message = messageFromIm(im, {
      from: "sip:juliet@example.com",
      to: "sip:romeo@example.net",
      callId: "D9AA95FD",
      date: new Date(0),
    });
    const expected = requestOfExample(2);
    expect(message.method).to.equal(expected.method);
    expect(message.to).to.equal(`<${expected.to.uri}>`);
    expect(message.from).to.equal("<sip:juliet@example.com>");
    expect(message.body?.toString()).to.equal(expected.body.toString());
  });

  it("subject and language become header fields, in UTF-8", () => {
    const stanza = xml(
      "message",
      { from: "a@b/c", to: "d@e", "xml:lang": "de-AT", id: "x" },
      xml("subject", {}, "Grüße"),
      xml("body", {}, "Servus"),
      xml("thread", {}, "t"),
    );
    const im = imFromXmpp(stanza);
    expect(im).to.deep.equal({ text: "Servus", subject: "Grüße", language: "de-AT", thread: "t", id: "x" });
    if (im === undefined) return;
    const { headers } = messageFromIm(im, { from: "sip:a@b", to: "sip:d@e", callId: "c", date: new Date(0) });
    expect(headers).to.deep.include(["Subject", "Gr\xc3\xbc\xc3\x9fe"]);
    expect(headers).to.deep.include(["Content-Language", "de-AT"]);
    expect(headers).to.deep.include(["Content-Type", "text/plain;charset=UTF-8"]);
    expect(headers).to.deep.include(["Date", "Thu, 01 Jan 1970 00:00:00 GMT"]);
  });

  it("of several bodies the one without a language is read, else the first", () => {
    const both = xml("message", {}, xml("body", { "xml:lang": "fr" }, "un"), xml("body", {}, "one"));
    expect(imFromXmpp(both)?.text).to.equal("one");
    const tagged = xml(
      "message",
      {},
      xml("body", { "xml:lang": "fr" }, "un"),
      xml("body", { "xml:lang": "de" }, "eins"),
    );
    expect(imFromXmpp(tagged)).to.deep.equal({ text: "un", language: "fr" });
  });

  it("a subject alone is its text", () => {
    expect(imFromXmpp(xml("message", {}, xml("subject", {}, "Only this")))).to.deep.equal({ text: "Only this" });
  });

  it("chat states, receipts and empty bodies are nothing to a person", () => {
    const state = xml("message", {}, xml("composing", { xmlns: "http://jabber.org/protocol/chatstates" }));
    const receipt = xml("message", {}, xml("received", { xmlns: "urn:xmpp:receipts", id: "1" }));
    for (const stanza of [state, receipt, xml("message", {}, xml("body", {}, ""))]) {
      expect(imFromXmpp(stanza)).to.equal(undefined);
    }
  });

  it("a language that is no tag does not reach a header field", () => {
    const stanza = xml("message", { "xml:lang": "en\r\nX-Evil: 1" }, xml("body", {}, "x"));
    expect(imFromXmpp(stanza)).to.deep.equal({ text: "x" });
  });
});
