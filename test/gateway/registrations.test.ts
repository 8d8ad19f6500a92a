import { expect } from "chai";
import { Counters } from "../../gateway/counters.ts";
import { Registrations } from "../../gateway/registrations.ts";
import type { Flow } from "../../sip/flow.ts";
import type { Binding } from "../../sip/registrar.ts";
import type { BindingRecord } from "../../store/port.ts";
import { FakeClock } from "../sip/fake-clock.ts";
import { SILENT } from "./silent-log.ts";
import { flowFrom } from "./sip-request.ts";

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
});
