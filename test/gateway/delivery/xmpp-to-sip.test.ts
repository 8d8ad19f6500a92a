import { expect } from "chai";
import { Counters } from "../../../gateway/counters.ts";
import { bestOf } from "../../../gateway/delivery/fork.ts";
import type { AcceptedIm } from "../../../gateway/delivery/journal.ts";
import { XmppToSip } from "../../../gateway/delivery/xmpp-to-sip.ts";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import { Registrations } from "../../../gateway/registrations.ts";
import type { OutgoingRequest, SipEngine } from "../../../sip/engine.ts";
import { HeaderFields } from "../../../sip/header-fields.ts";
import type { SipResponse } from "../../../sip/message.ts";
import type { Binding } from "../../../sip/registrar.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { SILENT } from "../silent-log.ts";
import { FakeLink } from "./fake-link.ts";
import { memoryJournal } from "./memory-journal.ts";

interface Sent {
  readonly request: OutgoingRequest;
  readonly answer: (status: number, reason: string) => void;
}

/** A phone network that answers when the test says so. */
class FakeEngine {
  readonly sent: Sent[] = [];

  request(request: OutgoingRequest): Promise<SipResponse> {
    return new Promise((resolve) => {
      const answer = (status: number, reason: string) =>
        resolve({
          status,
          reason,
          fields: new HeaderFields([]),
          via: { branch: "z9hG4bK1" },
        } as unknown as SipResponse);
      this.sent.push({ request, answer });
    });
  }
}

const FLOW = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "127.0.0.1", port: 5070 },
} as const;

function bindingAt(contact: string): Binding {
  return {
    aor: "alice@sip.test",
    contact,
    instance: undefined,
    q: 1000,
    callId: "c",
    cseq: 1,
    expiresAt: Number.MAX_SAFE_INTEGER,
    userAgent: undefined,
    flow: FLOW,
    overFlow: true,
  };
}

function imWith(id: string): AcceptedIm {
  return {
    im: { text: `text of ${id}`, id },
    aor: "alice@sip.test",
    jid: "juliet@xmpp.test/balcony",
    stanzaId: id,
    callId: `call-${id}`,
    acceptedAt: 0,
  };
}

async function setUp(contacts: readonly string[] = ["sip:alice@127.0.0.1:5070"]) {
  const link = new FakeLink();
  const clock = new FakeClock();
  const engine = new FakeEngine();
  const { journal, rows } = memoryJournal(clock);
  const shared = { clock, log: SILENT, counters: new Counters() };
  const store = { list: async () => [], put: async () => {}, remove: async () => {} };
  const registrations = new Registrations({ ...shared, store });
  await registrations.apply("alice@sip.test", { save: contacts.map(bindingAt), remove: [] });
  const delivery = new XmppToSip({
    ...shared,
    engine: engine as unknown as SipEngine,
    linkOf: () => link,
    registrations,
    journal,
    domains: SAME_DOMAINS,
    failureText: (detail) => `Not delivered. ${detail}`,
  });
  return { link, clock, engine, rows, journal, delivery };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Settled rows leave the disk together, a little later. */
async function settled(clock: FakeClock): Promise<void> {
  clock.advance(20);
  await turn();
}

describe("delivery from XMPP to SIP", () => {
  it("the row is written beside the first attempt and goes with the 2xx", async () => {
    const { engine, rows, delivery, clock } = await setUp();
    delivery.deliver(imWith("a"), "conv1");
    expect(rows.size).to.equal(1);
    const sent = engine.sent[0]?.request;
    expect(sent).to.deep.include({ method: "MESSAGE", uri: "sip:alice@127.0.0.1:5070", callId: "call-a", flow: FLOW });
    expect(sent?.from).to.equal("<sip:juliet@xmpp.test>");
    expect(sent?.body?.toString()).to.equal("text of a");
    engine.sent[0]?.answer(200, "OK");
    await turn();
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("goes to every binding at once; one 2xx is delivery", async () => {
    const { engine, rows, link, delivery, clock } = await setUp([
      "sip:alice@127.0.0.1:5071",
      "sip:alice@127.0.0.1:5072",
    ]);
    delivery.deliver(imWith("a"), "conv1");
    expect(engine.sent.map(({ request }) => request.uri)).to.have.members([
      "sip:alice@127.0.0.1:5071",
      "sip:alice@127.0.0.1:5072",
    ]);
    engine.sent[0]?.answer(480, "Away");
    engine.sent[1]?.answer(200, "OK");
    await turn();
    await settled(clock);
    expect(rows.size).to.equal(0);
    expect(link.sent).to.deep.equal([]);
  });

  it("a refusal of every phone becomes an error stanza with the condition, the SIP reason and the text", async () => {
    const { engine, rows, link, delivery, clock } = await setUp();
    delivery.deliver(imWith("a"), "conv1");
    engine.sent[0]?.answer(486, "Busy Here");
    await turn();
    const error = link.sent[0]?.stanza;
    expect(error?.attrs).to.deep.include({
      type: "error",
      id: "a",
      from: "alice@sip.test",
      to: "juliet@xmpp.test/balcony",
    });
    expect(error?.getChild("error")?.getChild("recipient-unavailable")).to.not.equal(undefined);
    expect(error?.getChild("error")?.getChildText("text")).to.equal("Not delivered. (SIP 486 Busy Here)");
    expect(rows.size, "until the server has the error").to.equal(1);
    link.sent[0]?.settle({ outcome: "processed" });
    await turn();
    await settled(clock);
    expect(rows.size).to.equal(0);
  });

  it("nobody registered: recipient-unavailable, and nothing is sent", async () => {
    const { engine, link, delivery } = await setUp([]);
    delivery.deliver(imWith("a"), "conv1");
    await turn();
    expect(engine.sent).to.deep.equal([]);
    expect(link.sent[0]?.stanza.getChild("error")?.getChild("recipient-unavailable")).to.not.equal(undefined);
  });

  it("one IM of a conversation waits for the answer to the one before, other conversations do not", async () => {
    const { engine, delivery } = await setUp();
    delivery.deliver(imWith("a1"), "conv1");
    delivery.deliver(imWith("a2"), "conv1");
    delivery.deliver({ ...imWith("b1"), jid: "romeo@xmpp.test/orchard" }, "conv2");
    await turn();
    const ids = () => engine.sent.map(({ request }) => request.callId);
    expect(ids()).to.deep.equal(["call-a1", "call-b1"]);
    engine.sent[0]?.answer(200, "OK");
    await turn();
    expect(ids()).to.deep.equal(["call-a1", "call-b1", "call-a2"]);
  });

  it("after a crash the conversation may have another id: its IMs still go one after the other", async () => {
    const { engine, delivery } = await setUp();
    delivery.deliver(imWith("a1"), "conv1");
    delivery.deliver({ ...imWith("a2"), jid: "juliet@xmpp.test/garden" }, "conv2");
    await turn();
    expect(engine.sent.map(({ request }) => request.callId)).to.deep.equal(["call-a1"]);
    engine.sent[0]?.answer(200, "OK");
    await turn();
    expect(engine.sent.map(({ request }) => request.callId)).to.deep.equal(["call-a1", "call-a2"]);
  });

  it("a stop begins nothing more and tells nothing false: the rows stay for the next start", async () => {
    const { engine, link, rows, journal, delivery } = await setUp();
    delivery.deliver(imWith("a"), "conv1");
    delivery.deliver(imWith("b"), "conv1");
    const held = delivery.hold();
    engine.sent[0]?.answer(503, "Stopping");
    await held;
    expect(link.sent).to.deep.equal([]);
    expect((await journal.open()).rows.map((row) => row.accepted.stanzaId)).to.deep.equal(["a", "b"]);
    expect(rows.size).to.equal(2);
  });
});

describe("RFC 3261 §16.7: the best of several failures", () => {
  it("a 6xx speaks for the user; else the lowest class, the first of it", () => {
    const failure = (status: number) => ({ status, reason: String(status) });
    expect(bestOf([failure(500), failure(404), failure(480)]).status).to.equal(404);
    expect(bestOf([failure(480), failure(603), failure(302)]).status).to.equal(603);
    expect(bestOf([failure(486), failure(302)]).status).to.equal(302);
    expect(bestOf([]).status).to.equal(480);
  });
});
