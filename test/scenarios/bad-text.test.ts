import xml from "@xmpp/xml";
import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { startProsody } from "../peers/prosody.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { type FieldEdits, fieldOf, fieldsOf, reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, errorFor, expectService, receives } from "./both-sides.ts";

const UTF8 = { "Content-Type": "text/plain;charset=UTF-8" };
const REPLACED = "\ufffd";

/** What a phone may send and no XML document may hold, and what a person then reads. XML 1.0 §2.2. */
const FROM_SIP: readonly {
  readonly what: string;
  body: Buffer | string;
  fields?: FieldEdits;
  readonly read: string;
}[] = [
  { what: "a broken UTF-8 sequence", body: Buffer.from("ca\xc3f\xe9", "latin1"), read: `ca${REPLACED}f${REPLACED}` },
  { what: "an overlong slash", body: Buffer.from("a\xc0\xafb", "latin1"), read: `a${REPLACED}${REPLACED}b` },
  {
    what: "undeclared bytes that are not UTF-8: Windows-1252",
    body: Buffer.from("caf\xe9 3\x80", "latin1"),
    fields: { "Content-Type": "text/plain" },
    read: "café 3€",
  },
  { what: "NUL", body: "a\0b", read: `a${REPLACED}b` },
  { what: "control characters", body: "\x01\x08\x0b\x1b[31m", read: `${REPLACED.repeat(4)}[31m` },
  { what: "U+FFFE and U+FFFF", body: "a\ufffeb\uffff", read: `a${REPLACED}b${REPLACED}` },
  {
    what: "surrogates of CESU-8",
    body: Buffer.from("a\xed\xa0\xbd\xed\xb8\x80b", "latin1"),
    read: `a${REPLACED.repeat(6)}b`,
  },
  {
    what: "markup",
    body: "</body></message><presence type='unavailable'/>",
    read: "</body></message><presence type='unavailable'/>",
  },
  { what: "an entity and the end of CDATA", body: "&lol; &#0; ]]> <![CDATA[", read: "&lol; &#0; ]]> <![CDATA[" },
  {
    what: "markup in Subject and language",
    body: "plain",
    fields: { Subject: "\x01</subject>", "Content-Language": '"/>\x02' },
    read: "plain",
  },
];

/** What XML can hold and is odd in SIP; a phone gets it byte for byte. */
const FROM_XMPP: readonly (readonly [what: string, text: string])[] = [
  ["a whole request", "hi\r\n\r\nMESSAGE sip:bob@sip.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n\r\n"],
  ["characters beyond the first plane", "😀 𝄞 \u{10fffd}"],
  ["a line separator, a byte order mark, a C1 control", "a\u2028b\ufeffc\u0085d\u009fe"],
  ["noncharacters", "\ufdd0 \u{1fffe}"],
  ["text from right to left", "\u202eabc\u202c שלום"],
];

const SERVERS = [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const;

for (const [name, startServer] of SERVERS) {
  describe(`Hostile text costs its sender alone, with ${name}`, () => {
    let sides: BothSides;
    let alice: RawPhone;
    let juliet: XmppClient;
    let onlineSince: number;

    before(async () => {
      sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"], startServer });
      alice = await sides.registeredPhone("alice", { transport: "tcp" });
      juliet = await sides.client("juliet");
      await expectService(alice, juliet);
      onlineSince = (await linkOf(sides)).since;
    });
    after(() => sides.stop());

    afterEach(async () => {
      await expectService(alice, juliet);
      expect(sides.gateway.output).not.to.match(/"level":[56]0/);
    });

    for (const { what, body, fields = UTF8, read } of FROM_SIP) {
      it(`SIP to XMPP: ${what}`, async () => {
        expect(statusOf(await alice.message("juliet@xmpp.test", body, fields))).to.equal(200);
        await receives(juliet, read);
      });
    }

    it("SIP to XMPP: a Call-ID that looks like markup is the thread, as it is", async () => {
      const bob = await sides.phone("bob");
      const fields = { "Call-ID": "</thread><presence/>&amp;" };
      expect(statusOf(await bob.message("juliet@xmpp.test", "a thread", fields))).to.equal(200);
      await receives(juliet, "a thread");
      const message = juliet.messages.find((each) => each.getChildText("body") === "a thread");
      expect(message?.getChildText("thread")).to.equal("</thread><presence/>&amp;");
    });

    it("SIP to XMPP: a charset that nobody knows: 415 that names it, and what is accepted", async () => {
      const fields = { "Content-Type": "text/plain;charset=x-klingon" };
      const response = await alice.message("juliet@xmpp.test", "nuqneH", fields);
      expect(statusOf(response)).to.equal(415);
      expect(reasonOf(response)).to.contain("unknown charset x-klingon");
      expect(fieldOf(response, "accept")).to.contain("text/plain");
    });

    it("SIP to XMPP: 64 KB are delivered where the service parameter lets them", async () => {
      const text = "<&é".repeat(16_384);
      expect(statusOf(await alice.message("juliet@xmpp.test", text))).to.equal(413);
      await sides.gateway.cli(["param", "set", "im.max-size", "100000"]);
      const response = await alice.message("juliet@xmpp.test", text);
      await sides.gateway.cli(["param", "reset", "im.max-size"]);
      expect(statusOf(response)).to.equal(200);
      await receives(juliet, text);
    });

    for (const [what, text] of FROM_XMPP) {
      it(`XMPP to SIP: ${what}`, async () => {
        const written = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\r", "&#13;");
        juliet.write(`<message type="chat" to="alice@sip.test"><body>${written}</body></message>`);
        await waitFor("alice to get it", () => alice.texts.includes(text));
      });
    }

    it("XMPP to SIP: a subject with line ends adds no header line", async () => {
      const subject = "<subject>tea&#13;&#10;Contact: &lt;sip:mallory@elsewhere.test&gt;</subject>";
      juliet.write(`<message type="chat" to="alice@sip.test">${subject}<body>at five</body></message>`);
      await waitFor("alice to get it", () => alice.texts.includes("at five"));
      const request = alice.requests.find(({ body }) => body.toString() === "at five");
      expect(fieldsOf(request ?? NOTHING, "contact")).to.deep.equal([]);
      expect(fieldOf(request ?? NOTHING, "subject")).to.match(/^tea +Contact: </);
    });

    it("XMPP to SIP: more than im.max-size: policy-violation that names the limit", async () => {
      const body = xml("body", {}, "x".repeat(10_001));
      await juliet.send(xml("message", { type: "chat", to: "alice@sip.test", id: "big" }, body));
      const { condition, text } = await errorFor(juliet, "big");
      expect(condition).to.equal("policy-violation");
      expect(text).to.contain("10001 bytes, at most 10000 bytes can be sent");
    });

    it("XMPP to SIP: an escaped name that nobody has: item-not-found", async () => {
      for (const [id, to] of [
        ["escaped", "d\\27artagnan@sip.test"],
        ["none", "nobody@sip.test"],
      ]) {
        await juliet.send(xml("message", { type: "chat", to, id }, xml("body", {}, "who?")));
        expect((await errorFor(juliet, id ?? "")).condition).to.equal("item-not-found");
      }
    });

    it("through all of this the link has stayed up", async () => {
      expect(await linkOf(sides)).to.include({ state: "online", since: onlineSince });
    });
  });
}

const NOTHING = { startLine: "", fields: [], body: Buffer.alloc(0) };

interface Link {
  readonly state: string;
  readonly since: number;
}

async function linkOf(sides: BothSides): Promise<Link> {
  const [link] = (await sides.gateway.json<{ readonly links: readonly Link[] }>(["status"])).links;
  if (link === undefined) throw new Error("no link");
  return link;
}
