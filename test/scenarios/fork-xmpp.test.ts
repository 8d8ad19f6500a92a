import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { startProsody } from "../peers/prosody.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { statusOf, token } from "../peers/raw-sip.ts";
import type { Slixmpp, SlixmppMessage } from "../peers/slixmpp.ts";
import { waitFor } from "../peers/wait-for.ts";
import { BothSides } from "./both-sides.ts";
import { slixmppOf } from "./real-clients.ts";

const ALICE = "alice@sip.test";
const JULIET = "juliet@xmpp.test";
const NURSE = "nurse@xmpp.test";

const CARBONS = "urn:xmpp:carbons:2";

/**
 * What goes to the bare JID is the server's to spread, RFC 6121 §8.5.2.1: Prosody and ejabberd give it to all clients of
 * the highest priority, and to the others only as carbons.
 */
for (const [server, startServer] of [
  ["Prosody", startProsody],
  ["ejabberd", startEjabberd],
] as const) {
  describe(`XEP-0296: Juliet has two XMPP clients, and Alice on SIP writes to her, with ${server}`, () => {
    let sides: BothSides;
    let alice: RawPhone;
    let home: Slixmpp;
    let work: Slixmpp;

    before(async () => {
      sides = await BothSides.start({ users: ["alice"], people: ["juliet", "nurse"], startServer });
      alice = await sides.registeredPhone("alice");
      home = await slixmppOf(sides, "juliet", "home");
      work = await slixmppOf(sides, "juliet", "work");
      await seesOnline(home, `${JULIET}/work`);
    });
    after(() => sides.stop());

    const write = async (text: string, to = JULIET): Promise<void> => {
      expect(statusOf(await alice.message(to, text)), text).to.equal(200);
    };

    const reachesBoth = async (): Promise<void> => {
      const text = `to both ${token()}`;
      await write(text);
      const copies = await Promise.all([home.received(text), work.received(text)]);
      expect(copies.map(({ to }) => to)).to.deep.equal([JULIET, JULIET]);
    };

    /** Gives the text that went to the client at home alone. */
    const reachesHome = async (): Promise<string> => {
      const text = `to home ${token()}`;
      await write(text);
      expect(await home.received(text)).to.include({ to: `${JULIET}/home` });
      return text;
    };

    const reply = async (client: Slixmpp): Promise<void> => {
      const body = `reply ${token()}`;
      client.send({ to: ALICE, body });
      await waitFor(body, () => alice.texts.includes(body));
    };

    const untilReleased = (why: string): Promise<unknown> =>
      sides.gateway.process.untilOutput(new RegExp(`"lock":"${JULIET}/home","why":"${why}"[^}]*"lock released"`));

    it("until she replies, every message goes to her bare JID and reaches both, without carbons", async () => {
      await reachesBoth();
      await reachesBoth();
    });

    it("§2.2: she replies from home: the next messages go to that client alone", async () => {
      await reply(home);
      const texts = [await reachesHome(), await reachesHome()];
      await reply(work); // unlocks
      await reachesBoth();
      expect(texts.filter((text) => work.messages.some(({ body }) => body === text))).to.deep.equal([]);
    });

    for (const { what, release, why } of [
      { what: "she replies from work", why: "reply from another resource", release: () => reply(work) },
      {
        what: "her client at home says that it is unavailable",
        why: "resource unavailable",
        release: () => home.sendPresence({ to: ALICE, type: "unavailable" }),
      },
      {
        what: "she closes the chat at home: gone",
        why: "its user has gone",
        release: () => home.send({ to: ALICE, chatState: "gone" }),
      },
      {
        what: "her client at home answers with an error, late",
        why: "an error came back",
        release: async () => home.sendXml(errorAbout(await home.received(await reachesHome()))),
      },
      { what: "the operator closes the conversation", release: () => sides.closeConversationOf(JULIET) },
    ] as const) {
      it(`§2.3: ${what}: the next message reaches both`, async () => {
        await reply(home);
        await reachesHome();
        await release();
        if (why !== undefined) await untilReleased(why);
        await reachesBoth();
      });
    }

    it("im.forking, changed while they talk: all sends to the bare JID, until-reply to the client that replied", async () => {
      await reply(home);
      await reachesHome();
      await sides.gateway.json(["param", "set", "im.forking", "all"]);
      await reachesBoth();
      await sides.gateway.json(["param", "set", "im.forking", "until-reply"]);
      await reachesHome();
      await sides.closeConversationOf(JULIET);
    });

    it("the client that she replied from is gone without a word: the server gives the message to the other", async () => {
      await reachesBoth();
      await reply(home);
      await reachesHome();
      await home.stop();
      const text = `to whoever is there ${token()}`;
      await write(text);
      await work.received(text);
    });

    it("RFC 6121 §4.6.3: it has told Alice that it is there, so the server tells her that it is gone", async () => {
      home = await slixmppOf(sides, "juliet", "home");
      await seesOnline(work, `${JULIET}/home`);
      await sides.closeConversationOf(JULIET);
      await reachesBoth();
      home.sendPresence({ to: ALICE });
      await reply(home);
      await reachesHome();
      await home.stop();
      await untilReleased("resource unavailable");
      const text = `to whoever is there ${token()}`;
      await write(text);
      expect(await work.received(text)).to.include({ to: JULIET });
    });

    it("XEP-0280: a client of lower priority sees each message as a carbon, locked or not", async () => {
      const first = await slixmppOf(sides, "nurse", "first");
      const second = await slixmppOf(sides, "nurse", "second");
      await second.enableCarbons();
      first.sendPresence({ priority: 5 });
      await seesOnline(second, `${NURSE}/first`, "<priority>5</priority>");
      const carbonOf = (text: string): Promise<SlixmppMessage> =>
        second.message(`a carbon of ${text}`, ({ xml }) => xml.includes(CARBONS) && xml.includes(text));

      await write("to the bare JID", NURSE);
      expect(await first.received("to the bare JID")).to.include({ to: NURSE });
      await carbonOf("to the bare JID");

      await reply(first);
      await write("to the full JID", NURSE);
      expect(await first.received("to the full JID")).to.include({ to: `${NURSE}/first` });
      await carbonOf("to the full JID");
      expect(second.messages.filter(({ body }) => body !== "")).to.deep.equal([]);
    });
  });
}

async function seesOnline(client: Slixmpp, fullJid: string, part = ""): Promise<void> {
  await client.presence(`${fullJid} online`, ({ from, xml }) => from === fullJid && xml.includes(part));
}

function errorAbout({ id, to, from }: SlixmppMessage): string {
  const condition = `<service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>`;
  return `<message type="error" id="${id}" from="${to}" to="${from}"><error type="cancel">${condition}</error></message>`;
}
