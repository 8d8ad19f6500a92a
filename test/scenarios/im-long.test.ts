import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import type { Linphone } from "../peers/linphone.ts";
import { startProsody } from "../peers/prosody.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

const JULIET = "sip:juliet@xmpp.test";

/** RFC 3261 §18.1.1 wants more than 1300 bytes over TCP, which a phone that registered over UDP does not have: in parts. */
const LENGTHS = [1301, 5000, 10_000]; // the last is the default of im.max-size

for (const [server, startServer] of [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const) {
  describe(`Long messages arrive whole, with ${server}`, () => {
    let sides: BothSides;
    let juliet: Slixmpp;

    before(async () => {
      sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"], startServer });
      juliet = await slixmppOf(sides, "juliet");
    });
    after(() => sides.stop());

    for (const [transport, user] of [
      ["udp", "alice"],
      ["tcp", "bob"],
    ] as const) {
      it(`${LENGTHS.join(", ")} bytes from and to Linphone over ${transport.toUpperCase()}`, async () => {
        const phone = await linphoneOf(sides, user, { transport });
        for (const bytes of LENGTHS) {
          const sent = phone.send(JULIET, textOf(bytes, user));
          await juliet.received(textOf(bytes, user));
          expect(await phone.delivery(sent, "delivered", "delivered-to-user", "not-delivered")).to.match(/^delivered/);
          const before = phone.messages.length;
          juliet.send({ to: `${user}@sip.test`, body: textOf(bytes, "juliet") });
          await waitFor(`${bytes} bytes`, () => textSince(phone, before) === textOf(bytes, "juliet"));
          if (transport === "tcp") expect(phone.messages).to.have.lengthOf(before + 1);
        }
      });
    }
  });
}

/** What has come, without the numbers of its parts. */
function textSince({ messages }: Linphone, before: number): string {
  return messages
    .slice(before)
    .map(({ text }) => text?.replace(/^\(\d+\/\d+\) /, ""))
    .join("");
}

/** So many bytes of UTF-8, each line with a number of its own, so that a missing piece shows. */
function textOf(bytes: number, author: string): string {
  const lines = Array.from({ length: bytes }, (_, number) => `${author} ${number} äöü ☃\n`);
  let text = "";
  for (const line of lines) {
    if (Buffer.byteLength(text + line) > bytes) break;
    text += line;
  }
  return text.padEnd(text.length + bytes - Buffer.byteLength(text), ".");
}
