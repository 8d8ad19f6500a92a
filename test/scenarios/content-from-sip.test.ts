import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import { type FieldEdits, fieldOf, reasonOf, statusOf } from "../peers/raw-sip.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, receives, textsOf } from "./both-sides.ts";

const JULIET = "juliet@xmpp.test";
const PLAIN = "text/plain;charset=UTF-8";
const TEXT = "Grüße 👩‍🚀 & <Küsse>";

/** Parts of a multipart body: their header lines, then what stands in them. */
function parts(...each: readonly (readonly [head: string, body: string])[]): string {
  return `${each.map(([head, body]) => `--b\r\nContent-Type: ${head}\r\n\r\n${body}\r\n`).join("")}--b--\r\n`;
}

const READ: readonly { what: string; body: string | Buffer; fields: FieldEdits; read: string }[] = [
  {
    what: "RFC 3261 §20.12: Content-Encoding deflate, as Linphone sends it",
    body: deflateSync(TEXT),
    fields: { "Content-Type": PLAIN, "Content-Encoding": "deflate" },
    read: TEXT,
  },
  {
    what: "the bare stream that some mean by deflate",
    body: deflateRawSync(`raw ${TEXT}`),
    fields: { "Content-Type": PLAIN, "Content-Encoding": "deflate" },
    read: `raw ${TEXT}`,
  },
  {
    what: "Content-Encoding gzip",
    body: gzipSync(`gzip ${TEXT}`),
    fields: { "Content-Type": PLAIN, "Content-Encoding": "gzip" },
    read: `gzip ${TEXT}`,
  },
  {
    what: "RFC 2046 §5.1.4: of alternatives the plain text",
    body: parts([PLAIN, `plain ${TEXT}`], ["text/html", "<b>rich</b>"]),
    fields: { "Content-Type": "multipart/alternative;boundary=b" },
    read: `plain ${TEXT}`,
  },
  {
    what: "RFC 2046 §5.1.3: of a mixture the text, and a notice of what is left out",
    body: parts([PLAIN, "see the picture"], ["image/png", "\x89PNG"]),
    fields: { "Content-Type": "multipart/mixed;boundary=b" },
    read: "see the picture\n[A part of this message is left out: image/png is not understood]",
  },
  {
    what: "RFC 7572 §5: HTML is read as its text",
    body: "<html><head><style>p{}</style></head><body><p>One &amp; two</p><p>three<br/>four</p></body></html>",
    fields: { "Content-Type": "text/html;charset=UTF-8" },
    read: "One & two\n\nthree\nfour",
  },
  {
    what: "RFC 3862: CPIM, packed",
    body: gzipSync(
      `From: <sip:alice@sip.test>\r\nTo: <sip:${JULIET}>\r\n\r\nContent-Type: ${PLAIN}\r\n\r\ncpim ${TEXT}`,
    ),
    fields: { "Content-Type": "message/cpim", "Content-Encoding": "gzip" },
    read: `cpim ${TEXT}`,
  },
];

const REFUSED: readonly {
  what: string;
  body: string | Buffer;
  fields: FieldEdits;
  status: number;
  reason: string;
  accept?: readonly [name: string, value: RegExp];
}[] = [
  {
    what: "a bomb: a million zeros in one kilobyte",
    body: gzipSync(Buffer.alloc(1_000_000)),
    fields: { "Content-Type": PLAIN, "Content-Encoding": "gzip" },
    status: 413,
    reason: "the unpacked body is too large, at most 10000 bytes can be sent",
  },
  {
    what: "a bomb in a bomb",
    body: gzipSync(gzipSync(Buffer.alloc(1_000_000))),
    fields: { "Content-Type": PLAIN, "Content-Encoding": "gzip, gzip" },
    status: 413,
    reason: "the unpacked body is too large, at most 10000 bytes can be sent",
  },
  {
    what: "a damaged stream",
    body: gzipSync(TEXT).subarray(0, 20),
    fields: { "Content-Type": PLAIN, "Content-Encoding": "gzip" },
    status: 400,
    reason: "the compressed body is damaged",
  },
  {
    what: "RFC 3261 §21.4.13: an unknown type",
    body: "BEGIN:VCARD",
    fields: { "Content-Type": "text/vcard" },
    status: 415,
    reason: "text/vcard is not understood",
    accept: ["accept", /^text\/plain, text\/html, .*message\/cpim/],
  },
  {
    what: "RFC 3261 §21.4.13: an unknown coding",
    body: "x",
    fields: { "Content-Type": PLAIN, "Content-Encoding": "br" },
    status: 415,
    reason: "Content-Encoding br is not understood",
    accept: ["accept-encoding", /^deflate, gzip, identity$/],
  },
];

describe("RFC 3428 §7: what a MESSAGE brings is read as its text, or refused with what would be read", () => {
  let sides: BothSides;
  let alice: RawPhone;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["alice"], people: ["juliet"] });
    alice = await sides.registeredPhone("alice", { transport: "tcp" });
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  for (const { what, body, fields, read } of READ) {
    it(what, async () => {
      expect(statusOf(await alice.message(JULIET, body, fields))).to.equal(200);
      await receives(juliet, read);
    });
  }

  for (const { what, body, fields, status, reason, accept } of REFUSED) {
    it(`${what}: ${status}`, async () => {
      const answer = await alice.message(JULIET, body, fields);
      expect([statusOf(answer), reasonOf(answer)]).to.deep.equal([status, `Your IM could not be delivered. ${reason}`]);
      if (accept !== undefined) expect(fieldOf(answer, accept[0])).to.match(accept[1]);
    });
  }

  it("and of all that Juliet has the texts and nothing else", async () => {
    expect(statusOf(await alice.message(JULIET, "the end"))).to.equal(200);
    await receives(juliet, "the end");
    expect(textsOf(juliet)).to.deep.equal([...READ.map(({ read }) => read), "the end"]);
  });
});
