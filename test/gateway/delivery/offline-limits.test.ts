import { expect } from "chai";
import { deliveryWorld, imWith, PHONE, turn } from "./delivery-world.ts";

describe("A limit of the offline store", () => {
  it("im.offline-expiry, set below the age of one that stands behind another on its way: it is given up at once", async () => {
    const { engine, link, clock, delivery, register, set, settled } = await deliveryWorld({ contacts: [] });
    await delivery.start();
    for (const id of ["a", "b"]) delivery.xmppToSip.deliver(imWith(id), "conv1");
    await turn();
    clock.advance(120_000);
    await register(PHONE);
    await turn();
    await set("im.offline-expiry", "60");
    await turn();
    expect(link.sent.map(({ stanza }) => stanza.attrs["id"])).to.deep.equal(["b"]);
    engine.sent[0]?.answer(200);
    await settled();
    expect(engine.callIds).to.deep.equal(["call-a"]);
    expect(delivery.stored).to.equal(0);
  });

  it("im.offline-quota lets exactly so many wait, though they come all at once and from many", async () => {
    const { link, delivery, set } = await deliveryWorld({ contacts: [] });
    await delivery.start();
    await set("im.offline-quota", "3");
    for (const n of [1, 2, 3, 4, 5]) {
      delivery.xmppToSip.deliver(imWith(`m${n}`, { jid: `juliet${n}@xmpp.test/balcony` }), `conv${n}`);
    }
    await turn();
    expect(delivery.stored).to.equal(3);
    expect(link.sent.map(({ stanza }) => stanza.attrs["id"])).to.deep.equal(["m4", "m5"]);
  });
});
