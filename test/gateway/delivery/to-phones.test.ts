import { expect } from "chai";
import { FATE_OF_STATUS } from "../../../gateway/delivery/fate.ts";
import type { AcceptedIm } from "../../../gateway/delivery/journal.ts";
import { ToPhones } from "../../../gateway/delivery/to-phones.ts";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import type { Binding } from "../../../sip/registrar.ts";
import { ALICE, bindingAt, deliveryWorld, imWith, JULIET, turn, UDP_FLOW } from "./delivery-world.ts";

const DESK = "sip:alice@127.0.0.1:5071";
const MOBILE = "sip:alice@127.0.0.1:5072";
const TABLET = "sip:alice@127.0.0.1:5073";
const PAIR = { aor: ALICE, jid: "juliet@xmpp.test" };

async function setUp(bindings: readonly Binding[]) {
  const world = await deliveryWorld({ contacts: [] });
  for (const binding of bindings) await world.register(binding.contact, binding);
  const expected: string[] = [];
  const toPhones = new ToPhones({
    ...world,
    domains: SAME_DOMAINS,
    expectReceipt: (_accepted, messageId) => expected.push(messageId),
  });
  const send = (accepted: AcceptedIm, timeoutMs = 32_000) => {
    const outcome = toPhones.send(accepted, timeoutMs);
    return { outcome };
  };
  return { ...world, expected, send };
}

/** Three phones; Alice has replied to Juliet on the desk phone. */
async function lockedToDesk() {
  const world = await setUp([DESK, MOBILE, TABLET].map((contact) => bindingAt(contact)));
  world.conversations.touch(PAIR, "xmpp", {});
  world.conversations.touch(PAIR, "sip", { sipContact: DESK });
  return world;
}

describe("the phone that replied has the IMs of its conversation", () => {
  it("and no other", async () => {
    const { engine, send } = await lockedToDesk();
    const { outcome } = send(imWith("a"));
    expect(engine.uris).to.deep.equal([DESK]);
    engine.sent[0]?.answer(200);
    expect(await outcome).to.deep.equal({ delivered: true, at: { contact: DESK, confirmed: "now" } });
    expect(engine.sent).to.have.length(1);
  });

  it("another conversation goes to every phone", async () => {
    const { engine, send } = await lockedToDesk();
    send(imWith("a", { jid: "romeo@xmpp.test/orchard" }));
    expect(engine.uris).to.have.members([DESK, MOBILE, TABLET]);
  });

  it("im.forking all: every phone has them", async () => {
    const { engine, set, send } = await lockedToDesk();
    await set("im.forking", "all");
    send(imWith("a"));
    expect(engine.uris).to.have.members([DESK, MOBILE, TABLET]);
  });

  it("when it fails the others have this IM as well, and the lock is gone", async () => {
    const { engine, conversations, send } = await lockedToDesk();
    const { outcome } = send(imWith("a"));
    engine.sent[0]?.answer(480);
    await turn();
    expect(engine.uris.slice(1)).to.have.members([MOBILE, TABLET]);
    engine.sent[2]?.answer(200);
    expect(await outcome).to.deep.include({ delivered: true });
    expect(conversations.of(PAIR)?.sipLock).to.equal(undefined);
    send(imWith("b"));
    expect(engine.uris.slice(3)).to.have.members([DESK, MOBILE, TABLET]);
  });

  it("it may be silent no longer than 10 s while there are others, and for all the time when there is none", async () => {
    const { engine, send, registrations } = await lockedToDesk();
    send(imWith("a"));
    expect(engine.sent[0]?.request.timeoutMs).to.equal(10_000);
    await registrations.apply(ALICE, { save: [], remove: [MOBILE, TABLET].map((contact) => bindingAt(contact)) });
    send(imWith("b"));
    expect(engine.sent[1]?.request.timeoutMs).to.equal(32_000);
  });

  it("RFC 3261 §21.6: a 6xx from it is the user's own no, and nobody else is asked", async () => {
    const { engine, send } = await lockedToDesk();
    const { outcome } = send(imWith("a"));
    engine.sent[0]?.answer(603);
    expect(await outcome).to.deep.include({ delivered: false });
    expect(engine.sent).to.have.length(1);
  });
});

describe("RFC 3261 §16.6 the q of a Contact", () => {
  it("the highest is tried first, those of one q together, the next when all of them have failed", async () => {
    const { engine, send } = await setUp([
      bindingAt(TABLET, { q: 100 }),
      bindingAt(DESK, { q: 700 }),
      bindingAt(MOBILE, { q: 700 }),
    ]);
    const { outcome } = send(imWith("a"));
    expect(engine.uris).to.have.members([DESK, MOBILE]);
    expect(engine.sent[0]?.request.timeoutMs).to.equal(10_000);
    engine.sent[0]?.answer(480);
    await turn();
    expect(engine.sent).to.have.length(2);
    engine.sent[1]?.answer(408);
    await turn();
    expect(engine.uris.slice(2)).to.deep.equal([TABLET]);
    expect(engine.sent[2]?.request.timeoutMs).to.equal(32_000);
    engine.sent[2]?.answer(200);
    expect(await outcome).to.deep.include({ delivered: true });
  });

  it("§16.7: a 6xx ends the search, and is the answer", async () => {
    const { engine, send } = await setUp([bindingAt(DESK), bindingAt(MOBILE), bindingAt(TABLET, { q: 1 })]);
    const { outcome } = send(imWith("a"));
    engine.sent[0]?.answer(404);
    engine.sent[1]?.answer(600);
    expect(await outcome).to.have.nested.property("failure.status", 600);
    expect(engine.sent).to.have.length(2);
  });

  it("§16.7: of several failures the best is told, an answer rather than silence", async () => {
    const { engine, send } = await setUp([bindingAt(DESK), bindingAt(MOBILE), bindingAt(TABLET)]);
    const { outcome } = send(imWith("a"));
    for (const [index, status] of [480, 488, 408].entries()) engine.sent[index]?.answer(status);
    expect(await outcome).to.have.nested.property("failure.status", 488);
  });

  it("no phone at all is 480", async () => {
    const { send } = await setUp([]);
    expect(await send(imWith("a")).outcome).to.have.nested.property("failure.status", 480);
    expect(FATE_OF_STATUS[480]).to.equal("unreachable");
  });
});

describe("RFC 5626 §5.3 a device with several flows", () => {
  const tcp = { ...UDP_FLOW, protocol: "tcp", connection: "c1" } as const;
  const instance = "<urn:uuid:00000000-0000-4000-8000-000000000001>";

  it("with UDP and TCP is reached once, over TCP", async () => {
    const { engine, send } = await setUp([
      bindingAt(DESK, { instance }),
      bindingAt(`${DESK};transport=tcp`, { instance, flow: tcp }),
      bindingAt(MOBILE),
    ]);
    send(imWith("a"));
    expect(engine.uris).to.have.members([`${DESK};transport=tcp`, MOBILE]);
  });

  it("that does not say which device it is, is reached on each", async () => {
    const { engine, send } = await setUp([bindingAt(DESK), bindingAt(`${DESK};transport=tcp`, { flow: tcp })]);
    send(imWith("a"));
    expect(engine.sent).to.have.length(2);
  });
});

describe("the form of an IM for a phone", () => {
  const ASKING = imWith("a", { im: { asks: ["delivered", "displayed"], messageId: "m-a" } });

  it("RFC 5438 §6.2: message/cpim with a Message-ID for a phone that has shown that it understands it", async () => {
    const { engine, features, expected, send } = await setUp([bindingAt(DESK)]);
    for (const feature of ["cpim", "imdn"] as const) features.learn(ALICE, DESK, feature);
    const { outcome } = send(ASKING);
    expect(engine.sent[0]?.request.headers).to.deep.include(["Content-Type", "message/cpim"]);
    expect(engine.bodies[0]).to.include("imdn.Message-ID: m-a\r\n");
    expect(engine.bodies[0]).to.match(
      /imdn\.Disposition-Notification: positive-delivery, display, negative-delivery\r\n/,
    );
    expect(expected, "before the answer: the IMDN may come first").to.deep.equal(["m-a"]);
    engine.sent[0]?.answer(200);
    expect(await outcome).to.deep.equal({ delivered: true, at: { contact: DESK, confirmed: "later" } });
  });

  it("a phone that knows CPIM and no IMDN is asked for nothing: its 200 says that it has it", async () => {
    const { engine, features, expected, send } = await setUp([bindingAt(DESK)]);
    features.learn(ALICE, DESK, "cpim");
    const { outcome } = send(ASKING);
    expect(engine.bodies[0]).to.include("imdn.Message-ID: m-a\r\n").and.not.include("Disposition-Notification");
    expect(expected, "COMPAT(Linphone 5.1): it may tell unasked that it was read").to.deep.equal(["m-a"]);
    engine.sent[0]?.answer(200);
    expect(await outcome).to.have.nested.property("at.confirmed", "now");
  });

  it("who asks for nothing has nothing asked for", async () => {
    const { engine, features, expected, send } = await setUp([bindingAt(DESK)]);
    for (const feature of ["cpim", "imdn"] as const) features.learn(ALICE, DESK, feature);
    const { outcome } = send(imWith("a"));
    expect(engine.bodies[0]).to.not.include("Disposition-Notification");
    expect(expected).to.deep.equal([]);
    engine.sent[0]?.answer(200);
    expect(await outcome).to.have.nested.property("at.confirmed", "now");
  });

  it("plain text for all others", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    send(ASKING);
    expect(engine.sent[0]?.request.headers).to.deep.include(["Content-Type", "text/plain;charset=UTF-8"]);
    expect(engine.bodies).to.deep.equal(["text of a"]);
  });

  it("RFC 3261 §21.4.13: after a 415 plain text at once, and from then on", async () => {
    const { engine, features, send } = await setUp([bindingAt(DESK)]);
    features.learn(ALICE, DESK, "cpim");
    const { outcome } = send(ASKING);
    engine.sent[0]?.answer(415, { headers: [["Accept", "text/plain"]] });
    await turn();
    expect(engine.bodies[1]).to.equal("text of a");
    engine.sent[1]?.answer(200);
    expect(await outcome).to.have.nested.property("at.confirmed", "now");
    send(imWith("b"));
    expect(engine.bodies[2]).to.equal("text of b");
  });

  it("RFC 3428 §7: a 202 confirms nothing", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    const { outcome } = send(ASKING);
    engine.sent[0]?.answer(202);
    expect(await outcome).to.have.nested.property("at.confirmed", "never");
  });

  it("a sender without a SIP address reaches nobody", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    expect(await send(imWith("a", { jid: "not a jid@" })).outcome).to.equal(undefined);
    expect(engine.sent).to.deep.equal([]);
  });

  it("the engine's own reason stays in the log: it may name a phone's address", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    const { outcome } = send(imWith("a"));
    engine.sent[0]?.answer(503, { madeHere: true, reason: "ECONNREFUSED 10.0.0.1:5060" });
    expect(await outcome).to.deep.equal({
      delivered: false,
      failure: { status: 503, reason: "Service Unavailable", cause: "ECONNREFUSED 10.0.0.1:5060" },
    });
  });
});

describe("RFC 3261 §18.1.1 a text that is too long for the datagrams of a phone", () => {
  const LONG = imWith("a", { im: { text: "Wherefore art thou Romeo? ".repeat(100) }, jid: JULIET });

  it("goes in numbered parts when the engine could not send it whole, each after the 2xx for the one before", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    const { outcome } = send(LONG);
    expect(engine.sent[0]?.request.neverFragmented).to.equal(true);
    engine.sent[0]?.answer(513, { madeHere: true });
    for (let sent = 2; ; sent += 1) {
      await turn();
      if (engine.sent.length < sent) break;
      engine.sent[sent - 1]?.answer(200);
    }
    expect(await outcome).to.deep.include({ delivered: true });
    const parts = engine.bodies.slice(1);
    expect(parts.length).to.be.greaterThan(2);
    for (const [index, part] of parts.entries()) {
      expect(part.startsWith(`(${index + 1}/${parts.length}) `)).to.equal(true);
      expect(Buffer.byteLength(part)).to.be.lessThan(1300);
    }
    expect(parts.map((part) => part.replace(/^\(\d+\/\d+\) /, "")).join("")).to.equal(LONG.im.text);
    expect(new Set(engine.callIds.slice(1)).size, "a Call-ID for each").to.equal(parts.length);
    expect(engine.callIds.at(-1)).to.equal("call-a");
  });

  it("a part that the phone refuses ends it", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    const { outcome } = send(LONG);
    engine.sent[0]?.answer(513, { madeHere: true });
    await turn();
    engine.sent[1]?.answer(486);
    expect(await outcome).to.have.nested.property("failure.status", 486);
    expect(engine.sent).to.have.length(2);
  });

  it("all parts have the time of one IM, however slowly the phone takes each", async () => {
    const { engine, send, clock } = await setUp([bindingAt(DESK)]);
    const { outcome } = send(LONG);
    engine.sent[0]?.answer(513, { madeHere: true });
    for (const timeoutMs of [32_000, 16_000]) {
      await turn();
      expect(engine.sent.at(-1)?.request.timeoutMs).to.equal(timeoutMs);
      clock.advance(16_000);
      engine.sent.at(-1)?.answer(200);
    }
    expect(await outcome).to.have.nested.property("failure.status", 408);
    expect(engine.sent).to.have.length(3);
  });

  it("a 513 of the phone itself is its refusal", async () => {
    const { engine, send } = await setUp([bindingAt(DESK)]);
    const { outcome } = send(LONG);
    engine.sent[0]?.answer(513);
    expect(await outcome).to.have.nested.property("failure.status", 513);
    expect(engine.sent).to.have.length(1);
  });
});
