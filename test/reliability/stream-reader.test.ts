import { expect } from "chai";
import { StreamReader } from "./stream-reader.ts";
import { bodyOf } from "./text.ts";

const STREAM = [
  `<message to="u1@sip.test" id='xmpp-3-4' type="chat"><body xml:lang="en">${bodyOf("xmpp-3-4")}</body></message>`,
  '<iq type="get" id="b7"><ping xmlns="urn:xmpp:ping"/></iq>',
  "<message type='error' id='xmpp-3-5'><error type='wait'/></message>",
  "<message id='xmpp-3-6'><composing/></message>",
  "<iq id='b7' type='result'/>",
].join("");

const PASSED = [
  { kind: "message", key: "xmpp-3-4" },
  { kind: "request", id: "b7" },
  { kind: "error", key: "xmpp-3-5" },
  { kind: "answer", id: "b7" },
];

describe("The reader of what passes on the link", () => {
  it("finds IMs, errors about them, IQ requests and their answers", () => {
    expect(new StreamReader().read(Buffer.from(STREAM))).to.deep.equal(PASSED);
  });

  it("finds the same wherever the stream is cut", () => {
    for (let cut = 1; cut < STREAM.length; cut += 1) {
      const reader = new StreamReader();
      const parts = [STREAM.slice(0, cut), STREAM.slice(cut)].map((part) => Buffer.from(part));
      expect(parts.flatMap((part) => reader.read(part))).to.deep.equal(PASSED);
    }
  });
});
