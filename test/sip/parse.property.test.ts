import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { formatRequest, formatResponse } from "../../sip/embedded/format.ts";
import { type ParseResult, parseMessage } from "../../sip/embedded/parse.ts";
import type { Flow } from "../../sip/flow.ts";
import { parseNameAddr } from "../../sip/name-addr.ts";
import { sanityCheck } from "../../sip/sanity-check.ts";
import { decodeUser, encodeUser, formatUri, isSipUri, parseUri } from "../../sip/uri.ts";
import { formatVia, parseVia } from "../../sip/via.ts";
import { readCaptures } from "./captures.ts";

const FLOW: Flow = {
  protocol: "udp",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "192.0.2.9", port: 40000 },
};

const FOLDER = "test/vectors/rfc4475";
const SEEDS: readonly Buffer[] = [
  ...readdirSync(FOLDER)
    .filter((file) => file.endsWith(".dat"))
    .map((file) => readFileSync(`${FOLDER}/${file}`)),
  ...readCaptures().map(({ bytes }) => bytes),
];

/** One change to the bytes of a message; positions are fractions of its length. */
type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "put"; readonly at: number; readonly byte: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "splice"; readonly at: number; readonly from: number; readonly other: number }
  | { readonly kind: "repeat line"; readonly at: number }
  | { readonly kind: "drop line"; readonly at: number };

const position = fc.nat({ max: 9999 }).map((n) => n / 10_000);
const SEPARATORS = [...'\r\n \t,;:<>"()\\=@%?[]/\0\xff'].map((character) => character.charCodeAt(0));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: position, bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("put" as const), at: position, byte: fc.constantFrom(...SEPARATORS) }),
  fc.record({ kind: fc.constant("cut" as const), at: position }),
  fc.record({
    kind: fc.constant("splice" as const),
    at: position,
    from: position,
    other: fc.nat({ max: SEEDS.length - 1 }),
  }),
  fc.record({ kind: fc.constant("repeat line" as const), at: position }),
  fc.record({ kind: fc.constant("drop line" as const), at: position }),
);

function mutate(bytes: Buffer, change: Mutation): Buffer {
  const at = Math.floor(change.at * bytes.length);
  switch (change.kind) {
    case "flip":
      return replaced(bytes, at, (bytes[at] ?? 0) ^ (1 << change.bit));
    case "put":
      return replaced(bytes, at, change.byte);
    case "cut":
      return bytes.subarray(0, at);
    case "splice": {
      const other = SEEDS[change.other] ?? Buffer.alloc(0);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(Math.floor(change.from * other.length))]);
    }
    case "repeat line":
    case "drop line": {
      const lines = bytes.toString("latin1").split("\r\n");
      const line = Math.floor(change.at * lines.length);
      if (change.kind === "drop line") lines.splice(line, 1);
      else lines.splice(line, 0, lines[line] ?? "");
      return Buffer.from(lines.join("\r\n"), "latin1");
    }
  }
}

function replaced(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = byte;
  return copy;
}

/** What must hold of any result, whatever went in. Plain conditions: an assertion library would take most of the time. */
function fault(result: ParseResult): string | undefined {
  if (result.ok) {
    const { message } = result;
    const { callId, cseq, via, from, to, fields } = message;
    if (/[\r\n]/.test(callId + from.uri + to.uri + via.host)) return "a line end in a value";
    if (fields.entries().some(([name, value]) => /[\r\n]/.test(name + value))) return "a line end in a field";
    if (!Number.isSafeInteger(cseq.number) || callId === "" || via.host === "")
      return "an empty or wrong mandatory part";
    if (message.kind === "response")
      return message.status >= 100 && message.status < 700 ? undefined : "a wrong status";
    if (message.method !== cseq.method || !parseUri(message.uri).ok) return "a wrong request line";
    sanityCheck(message, { supported: new Set() });
    return answerFault(formatResponse(message, { status: 200, toTag: "t1" }));
  }
  if (result.why === "") return "no reason";
  if ((result.status === undefined) !== (result.request === undefined)) return "a status without a request";
  if (result.status === undefined || result.request === undefined) return undefined;
  if (![400, 413, 505].includes(result.status)) return "a wrong status";
  const bytes = formatResponse(result.request, { status: result.status, toTag: "t1" });
  return bytes.toString("latin1").startsWith(`SIP/2.0 ${result.status} `) ? undefined : "a wrong answer";
}

/** The answer to what was read is read, too. */
function answerFault(bytes: Buffer): string | undefined {
  const answer = parseMessage(bytes, FLOW);
  return answer.ok ? undefined : `its answer is not read: ${answer.why}`;
}

const outcomes = { read: 0, refused: 0 };

function expectWellFormed(bytes: Buffer): void {
  const result = parseMessage(bytes, FLOW);
  outcomes[result.ok ? "read" : "refused"] += 1;
  const wrong = fault(result);
  if (wrong !== undefined) throw new Error(`${wrong}: ${JSON.stringify(bytes.toString("latin1"))}`);
}

describe("parseMessage on hostile bytes never throws, and what it gives is well formed", function () {
  this.timeout(60_000); // a machine with other work, not an expectation

  it("100,000 mutations of the torture messages and of what real clients sent", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: SEEDS.length - 1 }),
        fc.array(fc.array(mutation, { minLength: 1, maxLength: 3 }), { minLength: 10, maxLength: 10 }),
        (seed, variants) => {
          for (const changes of variants) expectWellFormed(changes.reduce(mutate, SEEDS[seed] ?? Buffer.alloc(0)));
        },
      ),
      { numRuns: 10_000 },
    );
    expect(outcomes.read + outcomes.refused).to.equal(100_000);
    expect(outcomes.read).to.be.greaterThan(10_000); // else the mutations are so wild that they test one branch
    expect(outcomes.refused).to.be.greaterThan(10_000);
  });

  it("arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => expectWellFormed(Buffer.from(bytes))),
      { numRuns: 2_000 },
    );
  });

  it("arbitrary text under the lines that every message has", () => {
    const head =
      "MESSAGE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n";
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom("Contact", "Via", "Date", "X", "l"), text, (name, value) => {
        expectWellFormed(Buffer.from(`${head}${name}: ${value}\r\n\r\n`));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("what is read and written again", () => {
  it("a user of any text comes back from its escapes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        const uri = parseUri(`sip:${encodeUser(text)}@sip.test`);
        return uri.ok && isSipUri(uri.value) && decodeUser(uri.value.user ?? "") === text;
      }),
    );
  });

  it("a Via, a name-addr and a URI that are read are read the same again", () => {
    const alphabet = fc.constantFrom(..."abZ09.-_;:=,<>\"'()@%?[]/ \t+~*!$&");
    const text = fc.string({ unit: alphabet, maxLength: 60 });
    fc.assert(
      fc.property(text, (tail) => {
        const via = parseVia(`SIP/2.0/UDP ${tail}`);
        if (via.ok) expect(parseVia(formatVia(via.value))).to.deep.equal(via);
        const uri = parseUri(`sip:${tail}`);
        if (uri.ok) expect(parseUri(formatUri(uri.value))).to.deep.equal(uri);
        const nameAddr = parseNameAddr(tail);
        if (nameAddr.ok) expect(parseNameAddr(`<${nameAddr.value.uri}>`)).to.deep.include({ ok: true });
      }),
      { numRuns: 20_000 },
    );
  });

  it("a request of any field values stays one request with its fields", () => {
    const value = fc.string({ unit: "binary", maxLength: 40 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), fc.uint8Array({ maxLength: 50 }), (values, bytes) => {
        const body = Buffer.from(bytes);
        const fields = values.map((each, index) => [`X-${index}`, each] as const);
        const written = formatRequest({ method: "MESSAGE", uri: "sip:b@h", fields, body });
        const [head = ""] = written.toString("latin1").split("\r\n\r\n", 1);
        expect(head.split("\r\n")).to.have.length(values.length + 2);
        expect(written.subarray(written.length - body.length).equals(body)).to.equal(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
