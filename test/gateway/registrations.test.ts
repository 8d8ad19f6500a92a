import { expect } from "chai";
import { Counters } from "../../gateway/counters.ts";
import { Registrations } from "../../gateway/registrations.ts";
import type { Flow } from "../../sip/flow.ts";
import type { Binding } from "../../sip/registrar.ts";
import type { BindingRecord } from "../../store/port.ts";
import { FakeClock } from "../sip/fake-clock.ts";
import { SILENT } from "./silent-log.ts";
import { flowFrom, requestWith } from "./sip-request.ts";

const TCP: Flow = { ...flowFrom(40_000), protocol: "tcp", connection: "tcp-1" };

function setUp(stored = new Map<string, BindingRecord>(), clock = new FakeClock()) {
  const registrations = new Registrations({
    store: {
      list: async () => [...stored.values()],
      put: async (row) => void stored.set(`${row.aor} ${row.contact}`, row),
      remove: async (aor, contact) => void stored.delete(`${aor} ${contact}`),
    },
    clock,
    log: SILENT,
    counters: new Counters(),
  });
  const bindingAt = (contact: string, flow: Flow, seconds = 600): Binding => ({
    aor: "alice@sip.test",
    contact,
    instance: undefined,
    q: 1000,
    callId: "c",
    cseq: 1,
    expiresAt: clock.now() + seconds * 1000,
    userAgent: undefined,
    flow,
    overFlow: true,
  });
  return { registrations, stored, clock, bindingAt };
}

const contactsOf = (registrations: Registrations) =>
  registrations.bindingsOf("alice@sip.test").map((binding) => binding.contact);

describe("the location service", () => {
  it("keeps what a REGISTER saved and forgets what it removed, on disk too", async () => {
    const { registrations, stored, bindingAt } = setUp();
    const [one, two] = [bindingAt("sip:alice@a", flowFrom(1)), bindingAt("sip:alice@b", flowFrom(2))];
    await registrations.apply("alice@sip.test", { save: [one, two], remove: [] });
    expect(contactsOf(registrations)).to.deep.equal(["sip:alice@a", "sip:alice@b"]);
    expect(stored.size).to.equal(2);
    await registrations.apply("alice@sip.test", { save: [], remove: [one] });
    expect(contactsOf(registrations)).to.deep.equal(["sip:alice@b"]);
    expect(registrations.count()).to.equal(1);
    expect([...stored.values()].map((row) => row.contact)).to.deep.equal(["sip:alice@b"]);
  });

  it("gives no binding that has expired, and sweeps it from the disk", async () => {
    const { registrations, stored, clock, bindingAt } = setUp();
    await registrations.start();
    await registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@a", flowFrom(1), 60)], remove: [] });
    clock.advance(59_000);
    expect(contactsOf(registrations)).to.deep.equal(["sip:alice@a"]);
    clock.advance(1_000);
    expect(contactsOf(registrations)).to.deep.equal([]);
    expect(registrations.count()).to.equal(0);
    clock.advance(10_000);
    expect(stored.size).to.equal(0);
    registrations.stop();
  });

  it("is as it was after a restart; a connection of the last run is no longer one", async () => {
    const { registrations, stored, clock, bindingAt } = setUp();
    const save = [bindingAt("sip:alice@a", flowFrom(1)), bindingAt("sip:alice@b", TCP)];
    await registrations.apply("alice@sip.test", { save, remove: [] });
    const again = setUp(stored, clock);
    await again.registrations.start();
    const { connection: _gone, ...closed } = TCP;
    expect(again.registrations.bindingsOf("alice@sip.test").map((binding) => binding.flow)).to.deep.equal([
      flowFrom(1),
      closed,
    ]);
    again.registrations.stop();
  });

  it("a binding goes with its connection, others stay", async () => {
    const { registrations, stored, bindingAt } = setUp();
    const save = [bindingAt("sip:alice@a", flowFrom(1)), bindingAt("sip:alice@b", TCP)];
    await registrations.apply("alice@sip.test", { save, remove: [] });
    registrations.onFlowClosed({ ...TCP, connection: "tcp-2" });
    expect(contactsOf(registrations)).to.have.length(2);
    registrations.onFlowClosed(TCP);
    expect(contactsOf(registrations)).to.deep.equal(["sip:alice@a"]);
    expect(stored.size).to.equal(1);
  });

  it("a removed user has none left", async () => {
    const { registrations, stored, bindingAt } = setUp();
    await registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@a", flowFrom(1))], remove: [] });
    await registrations.removeUser("alice@sip.test");
    expect(contactsOf(registrations)).to.deep.equal([]);
    expect(stored.size).to.equal(0);
  });

  it("a connection's end takes the bindings of all who registered over it, and none that has moved to another", async () => {
    const { registrations, bindingAt } = setUp();
    const bob = { ...bindingAt("sip:bob@b", TCP), aor: "bob@sip.test" };
    const other = { ...TCP, connection: "tcp-2" };
    await registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@b", TCP)], remove: [] });
    await registrations.apply("bob@sip.test", { save: [bob], remove: [] });
    await registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@b", other)], remove: [] });
    registrations.onFlowClosed(TCP);
    expect(registrations.bindingsOf("bob@sip.test")).to.deep.equal([]);
    expect(contactsOf(registrations)).to.deep.equal(["sip:alice@b"]);
    registrations.onFlowClosed(other);
    expect(contactsOf(registrations)).to.deep.equal([]);
  });
});

describe("who is told of a binding", () => {
  const WEEK = 604_800;

  function listening() {
    const house = setUp();
    const gone: string[] = [];
    const registered: string[] = [];
    house.registrations.onGone((aor, contact) => gone.push(`${aor} ${contact}`));
    house.registrations.onRegistered((aor) => registered.push(aor));
    return { ...house, gone, registered };
  }

  it("each that goes is told of once: unregistered, replaced, expired, with its connection, with its user", async () => {
    const { registrations, clock, bindingAt, gone } = listening();
    await registrations.start();
    const [a, b, c] = [
      bindingAt("sip:alice@a", flowFrom(1), WEEK),
      bindingAt("sip:alice@b", flowFrom(2), 60),
      bindingAt("sip:alice@c", TCP, WEEK),
    ];
    await registrations.apply("alice@sip.test", { save: [a, b, c], remove: [] });
    await registrations.apply("alice@sip.test", { save: [a], remove: [] });
    expect(gone).to.deep.equal([]);

    const moved = bindingAt("sip:alice@a2", flowFrom(1), WEEK);
    await registrations.apply("alice@sip.test", { save: [moved], remove: [a] });
    expect(gone.splice(0)).to.deep.equal(["alice@sip.test sip:alice@a"]);
    clock.advance(70_000);
    expect(gone.splice(0)).to.deep.equal(["alice@sip.test sip:alice@b"]);
    registrations.onFlowClosed(TCP);
    expect(gone.splice(0)).to.deep.equal(["alice@sip.test sip:alice@c"]);
    await registrations.apply("alice@sip.test", { save: [], remove: [moved] });
    expect(gone.splice(0)).to.deep.equal(["alice@sip.test sip:alice@a2"]);
    await registrations.apply("alice@sip.test", { save: [a], remove: [] });
    await registrations.removeUser("alice@sip.test");
    expect(gone).to.deep.equal(["alice@sip.test sip:alice@a"]);
    registrations.stop();
  });

  it("a phone that has registered is told of when its REGISTER has been answered", async () => {
    const { registrations, bindingAt, registered } = listening();
    await registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@a", flowFrom(1))], remove: [] });
    expect(registered).to.deep.equal([]);
    registrations.announce("alice@sip.test");
    expect(registered).to.deep.equal(["alice@sip.test"]);
  });

  it("a phone whose connection ended while its REGISTER was being written is not there", async () => {
    const { registrations, bindingAt, registered } = listening();
    const applied = registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@c", TCP)], remove: [] });
    registrations.onFlowClosed(TCP);
    await applied;
    expect(registered).to.deep.equal([]);
  });
});

describe("which binding a request came from", () => {
  const message = (via: string, flow: Flow) => ({
    ...requestWith({ method: "MESSAGE", port: flow.remote.port }, { Via: `SIP/2.0/UDP ${via};branch=z9hG4bK1` }),
    flow,
  });

  async function withBindings(...bindings: readonly (readonly [contact: string, flow: Flow])[]) {
    const { registrations, bindingAt } = setUp();
    const save = bindings.map(([contact, flow]) => bindingAt(contact, flow));
    await registrations.apply("alice@sip.test", { save, remove: [] });
    return (via: string, flow: Flow) => registrations.bindingOf(message(via, flow), "alice@sip.test")?.contact;
  }

  it("RFC 5626 §3.1: the one of its connection, before the one that Via names", async () => {
    const callerOf = await withBindings(["sip:alice@a", flowFrom(1)], ["sip:alice@b", TCP]);
    expect(callerOf("a", TCP)).to.equal("sip:alice@b");
  });

  it("the one of its protocol, address and port", async () => {
    const callerOf = await withBindings(["sip:alice@a", flowFrom(1)], ["sip:alice@b", flowFrom(2)]);
    expect(callerOf("elsewhere.test", flowFrom(2))).to.equal("sip:alice@b");
    expect(callerOf("elsewhere.test", { ...flowFrom(2), protocol: "tcp" })).to.equal(undefined);
  });

  it("RFC 3261 §18.1.1: the one whose contact is where Via says that the phone listens", async () => {
    const callerOf = await withBindings(
      ["sip:alice@phone.test", flowFrom(1)],
      ["sip:alice@192.0.2.7:5066", flowFrom(2)],
      ["sips:alice@secure.test", flowFrom(3)],
    );
    expect(callerOf("PHONE.test", flowFrom(9))).to.equal("sip:alice@phone.test");
    expect(callerOf("phone.test:5060", flowFrom(9))).to.equal("sip:alice@phone.test");
    expect(callerOf("192.0.2.7:5066", flowFrom(9))).to.equal("sip:alice@192.0.2.7:5066");
    expect(callerOf("192.0.2.7", flowFrom(9))).to.equal(undefined);
    expect(callerOf("secure.test:5061", flowFrom(9))).to.equal("sips:alice@secure.test");
  });

  it("RFC 3261 §18.2.1, RFC 3581 §4: received and rport count beside what the phone wrote", async () => {
    const callerOf = await withBindings(
      ["sip:alice@127.0.0.1:5070", flowFrom(1)],
      ["sip:alice@127.0.0.1:40009", { ...flowFrom(2), protocol: "tcp" }],
    );
    expect(callerOf("10.0.0.3:5070", flowFrom(9))).to.equal("sip:alice@127.0.0.1:5070");
    expect(callerOf("10.0.0.3:5071", flowFrom(40_009))).to.equal(undefined);
    expect(callerOf("10.0.0.3:5071;rport", flowFrom(40_009))).to.equal("sip:alice@127.0.0.1:40009");
  });

  it("none when it could be several, or is nobody's, or its binding has expired", async () => {
    const callerOf = await withBindings(["sip:alice@a", TCP], ["sip:alice@b", TCP], ["sip:alice@c", flowFrom(1)]);
    expect(callerOf("a", TCP)).to.equal(undefined);
    expect(callerOf("elsewhere.test", flowFrom(9))).to.equal(undefined);

    const { registrations, clock, bindingAt } = setUp();
    await registrations.apply("alice@sip.test", { save: [bindingAt("sip:alice@a", flowFrom(1), 60)], remove: [] });
    expect(registrations.bindingOf(message("a", flowFrom(1)), "bob@sip.test")).to.equal(undefined);
    expect(registrations.bindingOf(message("a", flowFrom(1)), "alice@sip.test")?.contact).to.equal("sip:alice@a");
    clock.advance(60_000);
    expect(registrations.bindingOf(message("a", flowFrom(1)), "alice@sip.test")).to.equal(undefined);
  });
});
