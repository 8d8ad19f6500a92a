import { deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { contentFromSip } from "../../../gateway/mapping/from-sip.ts";
import { HeaderFields } from "../../../sip/header-fields.ts";
import type { SipRequest } from "../../../sip/message.ts";
import { linphoneMessages } from "./linphone-messages.ts";
import { messageWith } from "./sip-request.ts";

const MAX_BYTES = 10_000;

const ALTERNATIVE =
  "--b\r\nContent-Type: text/html;charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
  '<p>H=C3=A4?<br><a href=3D"http://x.test">&auml;</a><ul><li>1</ul><pre> x</pre><script>1</script></p>\r\n' +
  "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";

const CPIM =
  "From: <sip:a@b>\r\nTo: <sip:c@d>\r\nSubject: s\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 1\r\n" +
  `imdn.Disposition-Notification: display\r\n\r\nContent-Type: multipart/alternative;boundary=b\r\n\r\n${ALTERNATIVE}`;

const SEEDS: readonly SipRequest[] = [
  ...linphoneMessages("message-composing-imdn"),
  ...linphoneMessages("message-cpim"),
  messageWith(["Content-Type: multipart/alternative; boundary=b"], ALTERNATIVE),
  messageWith(["Content-Type: multipart/mixed; boundary=b"], ALTERNATIVE),
  messageWith(["Content-Type: message/cpim"], CPIM),
  messageWith(["Content-Type: message/cpim", "Content-Encoding: deflate"], deflateSync(CPIM)),
  messageWith(["Content-Type: text/html", "Content-Encoding: gzip, deflate"], deflateSync(gzipSync(ALTERNATIVE))),
];

const SIGNS = [...'\r\n \t,;:<>"&#=-/\0\xff'].map((character) => character.charCodeAt(0));
const TYPES = SEEDS.map(({ fields }) => fields.get("content-type") ?? "");

/** Changes to one body: bytes that are replaced, a stretch that is left out, another body put in, another type. */
const mutation = fc.record({
  seed: fc.nat({ max: SEEDS.length - 1 }),
  puts: fc.array(fc.tuple(fc.nat({ max: 4095 }), fc.oneof(fc.constantFrom(...SIGNS), fc.nat({ max: 255 }))), {
    maxLength: 6,
  }),
  cut: fc.option(fc.tuple(fc.nat({ max: 4095 }), fc.nat({ max: 200 })), { nil: undefined }),
  insert: fc.option(fc.tuple(fc.nat({ max: 4095 }), fc.nat({ max: SEEDS.length - 1 })), { nil: undefined }),
  type: fc.option(fc.constantFrom(...TYPES), { nil: undefined, freq: 8 }),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function bodyOf(index: number): Buffer {
  return SEEDS[index]?.body ?? Buffer.alloc(0);
}

function mutated({ seed, puts, cut, insert, type }: Mutation): SipRequest | undefined {
  const request = SEEDS[seed];
  if (request === undefined) return undefined;
  let body = Buffer.from(request.body);
  for (const [at, byte] of puts) if (body.length > 0) body[at % body.length] = byte;
  if (cut !== undefined) {
    const at = cut[0] % (body.length + 1);
    body = Buffer.concat([body.subarray(0, at), body.subarray(at + cut[1])]);
  }
  if (insert !== undefined) {
    const at = insert[0] % (body.length + 1);
    body = Buffer.concat([body.subarray(0, at), bodyOf(insert[1]), body.subarray(at)]);
  }
  if (type === undefined) return { ...request, body };
  const others = request.fields.entries().filter(([name]) => name !== "Content-Type");
  return { ...request, fields: new HeaderFields([...others, ["Content-Type", type]]), body };
}

describe("contentFromSip: foreign bytes", () => {
  it("20,000 spoiled bodies: a value or a reason, never an exception", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(mutation, (change) => {
        const request = mutated(change);
        if (request === undefined) return;
        const content = contentFromSip({ request, maxBytes: MAX_BYTES });
        seen.add(content.ok ? content.kind : String(content.status));
        if (content.ok && content.kind === "im") expect(content.im.text).not.to.equal("");
        if (!content.ok) expect(content.why).not.to.equal("");
      }),
      { numRuns: 20_000 },
    );
    expect([...seen]).to.include.members(["im", "disposition", "composing", "400", "415"]);
  }).timeout(60_000);

  it("any bytes as any type", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...TYPES), (bytes, type) => {
        const content = contentFromSip({
          request: messageWith([`Content-Type: ${type}`], Buffer.from(bytes)),
          maxBytes: MAX_BYTES,
        });
        expect(content.ok).to.be.a("boolean");
      }),
      { numRuns: 2000 },
    );
  }).timeout(60_000);
});
