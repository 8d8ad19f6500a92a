import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { type CpimMessage, formatCpim, parseCpim } from "../../sip/cpim.ts";

function cpim(text: string): CpimMessage {
  const read = parseCpim(Buffer.from(text, "utf8"));
  if (!read.ok) throw new Error(read.why);
  return read.value;
}

function reason(text: string): string {
  const read = parseCpim(Buffer.from(text, "utf8"));
  return read.ok ? "read" : read.why;
}

/** Every CPIM body of the capture, with LF as it stands there. */
function recorded(): readonly string[] {
  const text = readFileSync("test/vectors/clients/linphone/message-cpim.txt", "utf8");
  return text
    .split(/^#### .*\n/m)
    .filter((message) => /^Content-Type: message\/cpim$/m.test(message))
    .map((message) => message.slice(message.indexOf("\n\n") + 2).replace(/^\[\[deflate.*\]\]\n/, ""));
}

const PIGLET = [
  "From: MR SANDERS <im:piglet@100akerwood.com>",
  "To: Depressed Donkey <im:eeyore@100akerwood.com>",
  "DateTime: 2000-12-13T13:40:00-08:00",
  "Subject: the weather will be fine today",
  "Subject:;lang=fr beau temps prevu pour aujourd'hui",
  "NS: MyFeatures <mid:MessageFeatures@id.foo.com>",
  "Require: MyFeatures.VitalMessageOption",
  "MyFeatures.VitalMessageOption: Confirmation-requested",
  "MyFeatures.WackyMessageOption: Use-silly-font",
  "",
  "Content-type: text/xml; charset=utf-8",
  "Content-ID: <1234567890@foo.com>",
  "",
  "<body>\r\nHere is the text of my message.\r\n</body>",
].join("\r\n");

describe("RFC 3862 §5.1: the example", () => {
  it("is read whole", () => {
    const message = cpim(PIGLET);
    expect(message.from).deep.equal({ name: "MR SANDERS", uri: "im:piglet@100akerwood.com" });
    expect(message.to).deep.equal({ name: "Depressed Donkey", uri: "im:eeyore@100akerwood.com" });
    expect(message.dateTime).equal("2000-12-13T13:40:00-08:00");
    expect(message.subject).equal("the weather will be fine today");
    expect(message.headers.filter(({ name }) => name === "Subject")[1]?.value).equal(
      "beau temps prevu pour aujourd'hui",
    );
    expect([...message.namespaces]).deep.equal([["MyFeatures", "mid:MessageFeatures@id.foo.com"]]);
    expect(message.messageId).equal(undefined);
    expect(message.dispositions).deep.equal([]);
    expect(message.content.contentType).equal("text/xml; charset=utf-8");
    expect(message.content.mediaType).equal("text/xml");
    expect(message.content.charset).equal("utf-8");
    expect(message.content.headers.get("content-id")).equal("<1234567890@foo.com>");
    expect(message.content.body.toString()).equal("<body>\r\nHere is the text of my message.\r\n</body>");
  });
});

describe("RFC 3862, RFC 5438 §6: what Linphone 5.1 sends", () => {
  const [hello, composing] = recorded();

  it("a message with imdn headers", () => {
    const message = cpim(hello ?? "");
    expect(message.from).deep.equal({ name: undefined, uri: "sip:alice@sip.test" });
    expect(message.to?.uri).equal("sip:bob@sip.test");
    expect(message.dateTime).equal("2026-11-21T07:52:31Z");
    expect(message.messageId).equal("D3QK4m61PYib");
    expect(message.dispositions).deep.equal(["positive-delivery", "negative-delivery", "display"]);
    expect(message.content.mediaType).equal("text/plain");
    expect(message.content.body.toString()).equal("cpim hello"); // the line ends of the capture are not text
  });

  it("the same with CRLF, as on the wire", () => {
    expect(cpim((hello ?? "").trimEnd().replaceAll("\n", "\r\n"))).deep.include({ messageId: "D3QK4m61PYib" });
  });

  it("a composing notice", () => {
    const { content } = cpim(composing ?? "");
    expect(content.contentType).equal("application/im-iscomposing+xml");
    expect(content.body.length).equal(170);
  });
});

describe("RFC 3862 §3: forms that peers write", () => {
  const body = (text: string): string => cpim(text).content.body.toString();

  it("empty lines in front, and no empty line between the header blocks", () => {
    expect(body("\r\n\r\nFrom: <sip:a@h>\r\nContent-Type: text/plain\r\n\r\nhi\r\n\r\nho")).equal("hi\r\n\r\nho");
  });

  it("no MIME headers, with the empty line of theirs or without it", () => {
    expect(body("From: <sip:a@h>\n\n\nhi")).equal("hi");
    expect(body("From: <sip:a@h>\n\nhi: there\n\nho")).equal("hi: there\n\nho");
    expect(cpim("From: <sip:a@h>\n\nhi").content).deep.include({ contentType: "text/plain", charset: undefined });
  });

  it("an empty body", () => expect(body("From: <sip:a@h>\n\nContent-Type: text/plain\n\n")).equal(""));

  it("a Content-Length that counts characters in place of bytes cuts nothing", () => {
    expect(body("From: <sip:a@h>\n\nContent-Type: text/plain\nContent-Length: 2\n\nüß")).equal("üß");
    expect(body("From: <sip:a@h>\n\nContent-Type: text/plain\nContent-Length: 99\n\nhi\n")).equal("hi\n");
  });

  it("another prefix for the imdn namespace, the default one, and one that is not declared", () => {
    const imdn = "urn:ietf:params:imdn";
    expect(cpim(`From: <sip:a@h>\nNS: x <${imdn}>\nx.Message-ID: 1\n\n\n`).messageId).equal("1");
    expect(cpim(`From: <sip:a@h>\nNS: <${imdn}>\nMessage-ID: 2\n\n\n`).messageId).equal("2");
    expect(cpim("From: <sip:a@h>\nimdn.Message-ID: 3\n\n\n").messageId).equal("3");
  });

  it("escapes, folded MIME headers, quoted names, addresses without brackets, names in another case", () => {
    const message = cpim(
      'from: "Zo\\u00eb \\"Z\\"" <sip:z@h>\nTo: sip:b@h\nDatetime: now\nSubject: a\\nb\\\\c\\q ü\n\n' +
        'Content-Type: text/plain;\n\tcharset="ISO-8859-1"\n\nx',
    );
    expect(message.from).deep.equal({ name: 'Zoë "Z"', uri: "sip:z@h" });
    expect(message.to).deep.equal({ name: undefined, uri: "sip:b@h" });
    expect(message.dateTime).equal("now");
    expect(message.subject).equal("a\nb\\c\\q ü");
    expect(message.content.charset).equal("ISO-8859-1");
  });

  it("an address that is none is none", () => expect(cpim("From: a b\n\n\n").from).equal(undefined));

  const REFUSED: readonly (readonly [string, string, string])[] = [
    ["nothing", "", "CPIM without content"],
    ["headers without end", "From: <sip:a@h>\n", "CPIM without content"],
    ["MIME headers without end", "From: <sip:a@h>\n\nContent-Type: text/plain", "CPIM without content"],
    ["only MIME headers", "Content-Type: text/plain\n\nhi", "no CPIM headers"],
    ["a line that is no header", "From <sip:a@h>\n\n\nhi", "CPIM header malformed"],
    ["a MIME line that is no header", "From: <sip:a@h>\n\nContent-Type: text/plain\nx\n\nhi", "MIME header malformed"],
    ["a broken media type", "From: <sip:a@h>\n\nContent-Type: text\n\nhi", "a media type is written type/subtype"],
    ["65 headers", `${"A: b\n".repeat(65)}\n\nhi`, "too many CPIM headers"],
    ["65 MIME headers", `A: b\n\n${"Content-X: b\n".repeat(65)}\nhi`, "too many MIME headers"],
    ["8192 bytes of headers", `A: ${"b".repeat(8192)}\n\n\nhi`, "CPIM headers too long"],
  ];
  for (const [what, text, why] of REFUSED) it(`refused: ${what}`, () => expect(reason(text)).equal(why));
});

describe("RFC 3862 §3: what is written", () => {
  const PARTS = {
    from: { name: undefined, uri: "sip:alice@sip.test" },
    to: { name: undefined, uri: "sip:bob@sip.test" },
    dateTime: "2026-11-21T07:52:31Z",
    contentType: "text/plain;charset=utf-8",
    body: Buffer.from("hé"),
  };

  it("is what Linphone writes, byte for byte but for its choice of headers", () => {
    const imdn = { messageId: "D3QK4m61PYib", dispositions: ["positive-delivery", "negative-delivery", "display"] };
    const written = formatCpim({ ...PARTS, ...imdn, contentType: "text/plain", body: Buffer.from("cpim hello") });
    expect(written.toString()).equal((recorded()[0] ?? "").trimEnd().replaceAll("\n", "\r\n"));
  });

  it("has no namespace without imdn headers", () => {
    expect(formatCpim(PARTS).toString()).equal(
      "From: <sip:alice@sip.test>\r\nTo: <sip:bob@sip.test>\r\nDateTime: 2026-11-21T07:52:31Z\r\n\r\n" +
        "Content-Type: text/plain;charset=utf-8\r\nContent-Length: 3\r\n\r\nhé",
    );
  });

  it("whatever stands in a name, a subject, an id or the body comes back, and nothing else", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: "binary" }), fc.uint8Array(), (name, text, bytes) => {
        const subject = Buffer.from(text).toString().trim();
        const parts = {
          ...PARTS,
          from: { name: `x${name}`, uri: "sip:a@h" },
          subject,
          messageId: `m${subject}`,
          body: Buffer.from(bytes),
        };
        const read = parseCpim(formatCpim(parts));
        if (!read.ok) throw new Error(read.why);
        expect(read.value.headers.length).equal(6);
        expect(read.value.from?.name).equal(`x${name}`);
        expect(read.value.subject).equal(subject);
        expect(read.value.messageId).equal(`m${subject}`);
        expect(read.value.content.body.equals(parts.body)).equal(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("parseCpim: foreign bytes", () => {
  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, at) => {
        const spoiled = Buffer.from(PIGLET);
        spoiled.set(bytes.subarray(0, 50), at % (spoiled.length - 50));
        expect(parseCpim(Buffer.from(bytes)).ok).be.a("boolean");
        expect(parseCpim(spoiled).ok).be.a("boolean");
      }),
      { numRuns: 500 },
    );
  });
});
