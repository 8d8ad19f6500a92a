import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import type { Linphone } from "../peers/linphone.ts";
import { startProsody } from "../peers/prosody.ts";
import { fieldOf } from "../peers/raw-sip.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

const JULIET = "sip:juliet@xmpp.test";
const TO_JULIET = /^juliet@xmpp\.test(?:\/|$)/; // the person, and once she has replied the client that she replied from

/** Linphone tells each state once; a receipt can be there before it has looked for the first time. */
const ITS_FATE = ["delivered", "delivered-to-user", "not-delivered"] as const;

const TEXTS = [
  { what: "umlauts and other scripts", text: "Grüße aus Köln, приве́т, こんにちは, שלום" },
  { what: "emoji of several code points", text: "👩‍🚀 👍🏽 🏳️‍🌈 ☃️ 1️⃣" },
  { what: "what is markup in XML and HTML", text: `<b>1 < 2 && 3 > 2</b> &amp; "quoted" 'too' ]]> <!-- --> </body>` },
  { what: "several lines", text: "first\n\n  second\tindented\nthird " },
  { what: "what looks like SIP", text: "Content-Length: 0\n\nSIP/2.0 200 OK" },
] as const;

for (const [server, startServer] of [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const) {
  describe(`A person with Linphone and a person with an XMPP client write to each other, with ${server}`, () => {
    let sides: BothSides;
    let juliet: Slixmpp;

    before(async () => {
      sides = await BothSides.start({ users: ["alice", "bob", "carol", "dave"], people: ["juliet"], startServer });
      juliet = await slixmppOf(sides, "juliet");
    });
    after(() => sides.stop());

    for (const [transport, user] of [
      ["udp", "alice"],
      ["tcp", "bob"],
    ] as const) {
      describe(`Linphone over ${transport.toUpperCase()}`, () => {
        const aor = `${user}@sip.test`;
        let phone: Linphone;

        before(async () => {
          phone = await linphoneOf(sides, user, { transport });
        });

        for (const { what, text } of TEXTS) {
          it(`sends and receives ${what}, to the last byte`, async () => {
            const spoken = `${user}: ${text}`;
            const sent = phone.send(JULIET, spoken);
            const heard = await juliet.received(spoken);
            expect(heard).to.include({ from: aor, type: "chat" });
            expect(heard.to).to.match(TO_JULIET);
            expect(await phone.delivery(sent, ...ITS_FATE)).to.match(/^delivered/);

            const answer = `juliet: ${text}`;
            juliet.send({ to: aor, body: answer });
            expect(await phone.received(answer)).to.include({ from: JULIET });
          });
        }

        it("RFC 7572 §4: subject and language of a stanza stand in the MESSAGE", async () => {
          const body = "Es war die Nachtigall und nicht die Lerche";
          juliet.send({ to: aor, body, subject: "Vögel", lang: "de" });
          expect(await phone.received(body)).to.include({ subject: "Vögel", language: "de" });
        });

        it("RFC 7572 §5: Subject and Content-Language of a MESSAGE stand in the stanza", async () => {
          const text = `Es war die Lerche, ${user}`;
          phone.send(JULIET, text, { Subject: "Vögel", "Content-Language": "de-AT" });
          expect(await juliet.received(text)).to.include({ subject: "Vögel", lang: "de-AT" });
        });

        it("RFC 7572 §4, §5: the thread that the XMPP client began is kept in the answers", async () => {
          juliet.send({ to: aor, body: `Wilt thou be gone, ${user}?`, thread: `balcony-${user}` });
          await phone.received(`Wilt thou be gone, ${user}?`);
          phone.send(JULIET, `${user} must be gone and live.`);
          expect(await juliet.received(`${user} must be gone and live.`)).to.include({ thread: `balcony-${user}` });
        });

        it("written without waiting, messages arrive in their order", async () => {
          const numbers = Array.from({ length: 10 }, (_, number) => `${user} ${number}`);
          const sent = numbers.map((text) => phone.send(JULIET, text));
          for (const text of numbers) juliet.send({ to: aor, body: text });
          for (const id of sent) expect(await phone.delivery(id, ...ITS_FATE)).to.match(/^delivered/);
          for (const text of numbers) await phone.received(text);
          const isOne = (text: string | null): text is string => text !== null && numbers.includes(text);
          expect(juliet.messages.map(({ body }) => body).filter(isOne)).to.deep.equal(numbers);
          expect(phone.messages.map(({ text }) => text).filter(isOne)).to.deep.equal(numbers);
        });

        it("its own delivery notices trouble nobody: the XMPP client got the messages and nothing else", () => {
          const odd = juliet.messages.filter(({ body, error }) => body === "" || error !== null);
          expect(odd.map(({ xml }) => xml)).to.deep.equal([]);
        });
      });
    }

    it("RFC 3862: what a Linphone that is set to CPIM sends arrives as its text", async () => {
      const phone = await linphoneOf(sides, "carol", { format: "cpim" });
      const witness = await sides.registeredPhone("dave");
      await phone.delivery(phone.send("sip:dave@sip.test", "is it CPIM?"), "delivered");
      expect(fieldOf(await waitFor("dave to get it", () => witness.requests[0]), "content-type")).to.equal(
        "message/cpim",
      );
      for (const { text } of TEXTS) {
        const sent = phone.send(JULIET, text);
        expect(await juliet.received(text)).to.include({ from: "carol@sip.test", type: "chat" });
        expect(await phone.delivery(sent, ...ITS_FATE)).to.match(/^delivered/);
      }
    });
  });
}
