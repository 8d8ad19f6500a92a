import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { RawPhone } from "../peers/raw-phone.ts";
import {
  type Draft,
  fieldOf,
  type RawMessage,
  type RawWire,
  reasonOf,
  statusOf,
  writeRequest,
} from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, expectService } from "./both-sides.ts";

const TORTURE = "test/vectors/rfc4475";

const MESSAGE: Draft = { method: "MESSAGE", uri: "sip:juliet@xmpp.test", body: "What light?" };

/** Each is wrong in one place. RFC 3261 §8.1.1, §7.3.1. */
const WRONG: readonly { readonly what: string; readonly draft: Draft; readonly why: RegExp }[] = [
  { what: "no Call-ID", draft: { ...MESSAGE, fields: { "Call-ID": null } }, why: /Call-ID/ },
  {
    what: "two From headers",
    draft: { ...MESSAGE, fields: { From: ["<sip:bob@sip.test>;tag=1", "<sip:alice@sip.test>;tag=2"] } },
    why: /from stands twice/i,
  },
  {
    what: "two To headers",
    draft: { ...MESSAGE, fields: { To: ["<sip:juliet@xmpp.test>", "<sip:nurse@xmpp.test>"] } },
    why: /to stands twice/i,
  },
  { what: "another method in CSeq", draft: { ...MESSAGE, fields: { CSeq: "1 OPTIONS" } }, why: /CSeq/ },
];

/** What ends a stream, since nobody can tell where the next message begins. RFC 3261 §18.3. */
const WRONG_IN_STREAM: readonly { readonly what: string; readonly draft: Draft; readonly status: number }[] = [
  { what: "a header of 1 MB", draft: { ...MESSAGE, fields: { Subject: "x".repeat(1_000_000) } }, status: 513 },
  { what: "a negative Content-Length", draft: { ...MESSAGE, fields: { "Content-Length": "-1" } }, status: 400 },
  {
    what: "a Content-Length of forty digits",
    draft: { ...MESSAGE, fields: { "Content-Length": "9".repeat(40) } },
    status: 413,
  },
  { what: "a Content-Length of 4 GB", draft: { ...MESSAGE, fields: { "Content-Length": "4000000000" } }, status: 413 },
  { what: "two Content-Lengths", draft: { ...MESSAGE, fields: { "Content-Length": ["11", "3"] } }, status: 400 },
  { what: "no Content-Length", draft: { ...MESSAGE, fields: { "Content-Length": null } }, status: 400 },
];

const GARBAGE: readonly (readonly [string, Buffer])[] = [
  ["zeros", Buffer.alloc(500)],
  ["every byte", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ["a TLS hello", Buffer.from("160301013001000126030300112233445566778899aabbccddeeff", "hex")],
  ["line ends", Buffer.from("\r\n".repeat(700))],
  ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: sip.test\r\n\r\n")],
  ["a start line alone", Buffer.from("MESSAGE sip:juliet@xmpp.test SIP/2.0\r\n\r\n")],
  ["an answer to nothing", Buffer.from("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n")],
  ["half a message", writeRequest(MESSAGE, { protocol: "UDP", address: "127.0.0.1", port: 9 }).subarray(0, 90)],
];

/** On a stream only what ends like a head can be seen to be none. */
const GARBAGE_IN_STREAM: readonly (readonly [string, Buffer])[] = [
  ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: sip.test\r\n\r\n")],
  ["100 KB without a line end", Buffer.alloc(100_000, "x")],
  ["a start line alone", Buffer.from("MESSAGE sip:juliet@xmpp.test SIP/2.0\r\n\r\n")],
];

describe("Malformed SIP costs its sender alone", () => {
  let sides: BothSides;
  let bob: RawPhone;
  let juliet: XmppClient;

  before(async () => {
    sides = await BothSides.start({ users: ["bob", "carol"], people: ["juliet"] });
    bob = await sides.registeredPhone("bob");
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  afterEach(async () => {
    await expectService(bob, juliet);
    expect(sides.gateway.output).not.to.match(/"level":[56]0/);
  });

  for (const transport of ["udp", "tcp"] as const) {
    describe(`over ${transport.toUpperCase()}`, () => {
      for (const { what, draft, why } of WRONG) {
        it(`a MESSAGE with ${what}: 400 that says so`, async () => {
          const wire = await sides.wire({ transport });
          const response = await answerTo(wire, writeRequest(draft, wire));
          expect(statusOf(response)).to.equal(400);
          expect(reasonOf(response)).to.match(why);
        });
      }

      it("a body over the limit of the service parameter: 413 that names the limit", async () => {
        const carol = await sides.phone("carol", { transport });
        const response = await carol.message("juliet@xmpp.test", "x".repeat(10_001));
        expect(statusOf(response)).to.equal(413);
        expect(reasonOf(response)).to.contain("10001 bytes, at most 10000 bytes can be sent");
      });
    });
  }

  for (const [what, bytes] of GARBAGE) {
    it(`over UDP, garbage, ${what}: no answer, and the next request from there is served`, async () => {
      const wire = await sides.wire();
      wire.send(bytes);
      await answerTo(wire, writeRequest({ method: "OPTIONS", uri: "sip:sip.test" }, wire));
      expect(wire.received.map(statusOf)).to.deep.equal([200]);
    });
  }

  for (const [what, bytes] of GARBAGE_IN_STREAM) {
    it(`over TCP, garbage, ${what}: the connection is closed without an answer`, async () => {
      const wire = await sides.wire({ transport: "tcp" });
      wire.send(bytes);
      await waitFor("the end of the connection", () => wire.ended);
      expect(wire.received).to.deep.equal([]);
    });
  }

  it("over TCP, line ends between messages are keep-alives", async () => {
    const wire = await sides.wire({ transport: "tcp" });
    wire.send("\r\n".repeat(700));
    wire.send(writeRequest({ method: "OPTIONS", uri: "sip:sip.test" }, wire));
    await waitFor("the answer behind the pongs", () => wire.received.some((each) => statusOf(each) === 200));
  });

  it("over UDP, a Content-Length larger than the datagram: 400", async () => {
    const wire = await sides.wire();
    const draft = { ...MESSAGE, fields: { "Content-Length": "500" } };
    const response = await answerTo(wire, writeRequest(draft, wire));
    expect(statusOf(response)).to.equal(400);
    expect(reasonOf(response)).to.contain("Content-Length is larger than the datagram");
  });

  for (const { what, draft, status } of WRONG_IN_STREAM) {
    it(`over TCP, ${what}: ${status}, and the connection is closed`, async () => {
      const wire = await sides.wire({ transport: "tcp" });
      const response = await answerTo(wire, writeRequest(draft, wire));
      expect(statusOf(response)).to.equal(status);
      await waitFor("the end of the connection", () => wire.ended);
    });
  }

  it("the messages of RFC 4475, one after another from one socket", async () => {
    const wire = await sides.wire();
    const files = readdirSync(TORTURE).filter((name) => name.endsWith(".dat"));
    expect(files).to.have.lengthOf.at.least(50);
    for (const name of files) wire.send(readFileSync(join(TORTURE, name)));
    wire.send(writeRequest({ method: "OPTIONS", uri: "sip:sip.test", fields: { "Call-ID": "behind-them" } }, wire));
    await waitFor("the answer behind them", () =>
      wire.received.some((each) => fieldOf(each, "call-id") === "behind-them"),
    );
  });
});

/** The first message that comes back. */
async function answerTo(wire: RawWire, request: Buffer): Promise<RawMessage> {
  wire.send(request);
  return waitFor("an answer", () => wire.received[0]);
}
