import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import type { Linphone } from "../peers/linphone.ts";
import { startProsody } from "../peers/prosody.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

const JULIET = "sip:juliet@xmpp.test";

const TEXTS = [
  { what: "umlauts and other scripts", text: "Grüße aus Köln, приве́т, こんにちは, שלום" },
  { what: "emoji of several code points", text: "👩‍🚀 👍🏽 🏳️‍🌈 ☃️ 1️⃣" },
  { what: "what is markup in XML and HTML", text: `<b>1 < 2 && 3 > 2</b> &amp; "quoted" 'too' ]]> <!-- --> </body>` },
  { what: "several lines", text: "first\n\n  second\tindented\nthird " },
  { what: "what looks like SIP", text: "Content-Length: 0\n\nSIP/2.0 200 OK" },
] as const;

for (const [name, startServer] of [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const) {
  describe(`A person with Linphone and a person with an XMPP client write to each other, with ${name}`, () => {
    let sides: BothSides;
    let juliet: Slixmpp;

    before(async () => {
      sides = await BothSides.start({ users: ["alice", "bob", "carol"], people: ["juliet"], startServer });
      juliet = await slixmppOf(sides, "juliet");
    });
    after(() => sides.stop());

    for (const { transport, user } of [
      { transport: "udp", user: "alice" },
      { transport: "tcp", user: "bob" },
    ] as const) {
      describe(`Linphone over ${transport.toUpperCase()}`, () => {
        let phone: Linphone;

        before(async () => {
          phone = await linphoneOf(sides, user, { transport });
        });

        for (const { what, text } of TEXTS) {
          it(`sends and receives ${what}, to the last byte`, async () => {
            const sent = phone.send(JULIET, text);
            const stanza = await juliet.received(text);
            expect(stanza).to.include({ from: `${user}@sip.test`, to: "juliet@xmpp.test", type: "chat" });
            expect(await phone.delivery(sent, "delivered", "not-delivered")).to.equal("delivered");

            const answer = `> ${text}`;
            juliet.send({ to: `${user}@sip.test`, body: answer });
            expect(await phone.received(answer)).to.include({ from: JULIET, contentType: "text/plain" });
          });
        }

        it("RFC 7572 §4: subject and language of a stanza stand in the MESSAGE", async () => {
          const body = "Es war die Nachtigall und nicht die Lerche";
          juliet.send({ to: `${user}@sip.test`, body, subject: "Vögel", lang: "de" });
          expect(await phone.received(body)).to.include({ subject: "Vögel", language: "de" });
        });

        it("RFC 7572 §5: Subject and Content-Language of a MESSAGE stand in the stanza", async () => {
          const text = "Es war die Lerche, die Verkünderin des Morgens";
          phone.send(JULIET, text, { Subject: "Vögel", "Content-Language": "de-AT" });
          expect(await juliet.received(text)).to.include({ subject: "Vögel", lang: "de-AT" });
        });

        it("RFC 7572 §4, §5: the thread that the XMPP client began is kept in the answers", async () => {
          juliet.send({ to: `${user}@sip.test`, body: "Wilt thou be gone?", thread: "the-balcony" });
          await phone.received("Wilt thou be gone?");
          phone.send(JULIET, "I must be gone and live.");
          expect(await juliet.received("I must be gone and live.")).to.include({ thread: "the-balcony" });
        });

        it("its own delivery notices trouble nobody: the XMPP client got the messages and nothing else", async () => {
          const last = phone.send(JULIET, "More light and light!");
          await juliet.received("More light and light!");
          await phone.delivery(last, "delivered");
          const odd = juliet.messages.filter(({ body, error }) => body === "" || error !== null);
          expect(odd.map(({ xml }) => xml)).to.deep.equal([]);
        });
      });
    }

    it("RFC 3862: what a Linphone that is set to CPIM sends arrives as its text", async () => {
      const phone = await linphoneOf(sides, "carol", { format: "cpim" });
      for (const { text } of TEXTS) {
        const sent = phone.send(JULIET, text);
        const stanza = await juliet.message(text, ({ body, from }) => body === text && from === "carol@sip.test");
        expect(stanza).to.include({ type: "chat" });
        expect(await phone.delivery(sent, "delivered", "not-delivered")).to.equal("delivered");
      }
    });
  });
}
