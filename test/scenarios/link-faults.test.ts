import { expect } from "chai";
import { startEjabberd } from "../peers/ejabberd.ts";
import { startProsody } from "../peers/prosody.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides } from "./both-sides.ts";
import { Traffic } from "./traffic.ts";

const PHONES = Array.from({ length: 10 }, (_, number) => `p${number}`);

/**
 * What a server has processed and its client has not is the server's to lose. One that is killed may take along what each
 * phone had just sent. COMPAT(ejabberd 23.01): so may one that ends in order, since it closes its clients first.
 */
const MAY_TAKE_ALONG = PHONES.length;

const SERVERS = [
  { name: "Prosody", startServer: startProsody, takesAlong: { SIGTERM: 0, SIGKILL: MAY_TAKE_ALONG } },
  { name: "ejabberd", startServer: startEjabberd, takesAlong: { SIGTERM: MAY_TAKE_ALONG, SIGKILL: MAY_TAKE_ALONG } },
] as const;

interface Status {
  readonly links: readonly { readonly state: string }[];
  readonly counters: Readonly<Record<string, number>>;
}

for (const { name, startServer, takesAlong } of SERVERS) {
  describe(`The XMPP server fails under load, with ${name}`, () => {
    let sides: BothSides;
    let juliet: XmppClient;
    let traffic: Traffic;

    const status = () => sides.gateway.json<Status>(["status"]);

    before(async () => {
      sides = await BothSides.start({ users: PHONES, people: ["juliet"], startServer, proxied: true });
    });
    after(() => sides.stop());

    beforeEach(async () => {
      const phones = await Promise.all(PHONES.map((user) => sides.registeredPhone(user)));
      juliet = await sides.client("juliet");
      traffic = new Traffic(phones, { person: "juliet@xmpp.test", atLeast: 20 });
      traffic.use(juliet);
      traffic.start();
      await traffic.underWay();
    });
    afterEach(async () => {
      await traffic.close();
      await juliet.stop();
    });

    it("it freezes and thaws: phones are answered 202 meanwhile, and all of it arrives once and in order", async () => {
      sides.server.pause();
      await waitFor("a 202 for each phone", async () => {
        return ((await status()).counters["im.to-xmpp.accepted"] ?? 0) >= PHONES.length;
      });
      sides.server.resume();
      await traffic.end();
      expect(traffic.fromSip).to.deep.include({ told: 0, lost: [], twice: 0 });
      expect(traffic.fromXmpp).to.deep.include({ told: 0, lost: [], twice: 0 });
      traffic.expectOrder();
    });

    it("the link is cut: what phones sent arrives, in order; of what the XMPP side sent only what was on the wire may be gone", async () => {
      sides.link?.cut();
      await waitFor("the link", async () => (await status()).links[0]?.state === "online");
      traffic.goOn();
      await traffic.end();
      expect(traffic.fromSip).to.deep.include({ told: 0, lost: [] });
      expect(traffic.fromXmpp).to.deep.include({ twice: 0 });
      traffic.expectLostTogether();
      traffic.expectOrder();
      traffic.expectSameIds();
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      it(`it is restarted with ${signal}: what was accepted is delivered or its sender told, in order`, async () => {
        sides.link?.hold();
        await sides.server.restart(...(signal === "SIGKILL" ? (["kill"] as const) : []));
        juliet = await sides.client("juliet");
        sides.link?.release();
        await waitFor("the link", async () => (await status()).links[0]?.state === "online");
        traffic.use(juliet);
        await traffic.end();
        expect(traffic.fromSip.lost).to.have.lengthOf.at.most(takesAlong[signal]);
        expect(traffic.fromXmpp).to.deep.include({ twice: 0 });
        traffic.expectLostTogether();
        traffic.expectOrder();
        traffic.expectSameIds();
      });
    }
  });
}
