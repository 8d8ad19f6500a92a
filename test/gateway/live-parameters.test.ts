import { expect } from "chai";
import { LiveParameters } from "../../gateway/live-parameters.ts";
import type { Store } from "../../store/port.ts";
import { type LogLines, logLines } from "./log-lines.ts";
import { parameterRows } from "./parameter-rows.ts";

describe("live service parameters", () => {
  const now = () => 1_000;

  function load(store: Store["parameters"], { log }: LogLines = logLines()): Promise<LiveParameters> {
    return LiveParameters.load({ store, now, log });
  }

  it("have their defaults until something is set", async () => {
    const live = await load(parameterRows());
    expect(live.get("im.max-size")).to.equal(10_000);
    expect(live.get("im.enabled")).to.equal("on");
    expect(live.row("im.max-size")).to.deep.equal({
      name: "im.max-size",
      value: "10000",
      default: "10000",
      range: "1300..100000 bytes",
      help: "Larger bodies are refused with the size named.",
    });
  });

  it("take a change at once, and again after a restart", async () => {
    const store = parameterRows();
    const live = await load(store);
    expect(await live.set("im.max-size", "2000", "cli")).to.deep.equal({
      ok: true,
      name: "im.max-size",
      before: "10000",
      after: "2000",
    });
    for (const each of [live, await load(store)]) {
      expect(each.get("im.max-size")).to.equal(2000);
      expect(each.row("im.max-size")).to.include({ value: "2000", changedAt: 1_000, changedBy: "cli" });
    }
  });

  it("take the default again on reset, also after a restart", async () => {
    const store = parameterRows();
    const live = await load(store);
    await live.set("im.enabled", "off", "cli");
    expect(await live.reset("im.enabled")).to.include({ ok: true, before: "off", after: "on" });
    expect(live.get("im.enabled")).to.equal("on");
    expect(live.row("im.enabled")).not.to.have.any.keys("changedAt", "changedBy");
    expect(await store.list()).to.deep.equal([]);
  });

  it("keep what they have when a change is refused", async () => {
    const store = parameterRows();
    const live = await load(store);
    expect((await live.set("im.max-size", "10", "cli")).ok).to.equal(false);
    expect((await live.set("im.size", "2000", "cli")).ok).to.equal(false);
    expect((await live.reset("im.size")).ok).to.equal(false);
    expect(live.get("im.max-size")).to.equal(10_000);
    expect(await store.list()).to.deep.equal([]);
  });

  it("keep what they have when the store cannot write", async () => {
    const broken = { ...parameterRows(), put: () => Promise.reject(new Error("disk full")) };
    const live = await load(broken);
    const failure = await live.set("im.max-size", "2000", "cli").catch((error: Error) => error.message);
    expect(failure).to.equal("disk full");
    expect(live.get("im.max-size")).to.equal(10_000);
  });

  it("tell listeners of each change of a value, and of nothing else", async () => {
    const live = await load(parameterRows());
    const heard: string[] = [];
    live.onChange((name) => heard.push(`${name}=${live.get(name)}`));
    await live.set("im.max-size", "2000", "cli");
    await live.set("im.max-size", "2000", "cli");
    await live.set("im.max-size", "1", "cli");
    await live.reset("im.max-size");
    await live.reset("im.enabled");
    expect(heard).to.deep.equal(["im.max-size=2000", "im.max-size=10000"]);
  });

  it("ignore stored rows that this version does not take, and warn", async () => {
    const row = { changedAt: 1, changedBy: "cli" };
    const store = parameterRows(
      { ...row, name: "im.from-the-future", value: "on" },
      { ...row, name: "im.max-size", value: "5" },
      { ...row, name: "im.enabled", value: "off" },
    );
    const heard = logLines();
    const live = await load(store, heard);
    expect(live.get("im.max-size")).to.equal(10_000);
    expect(live.get("im.enabled")).to.equal("off");
    expect(heard.lines.map((line) => line["parameter"])).to.deep.equal(["im.from-the-future", "im.max-size"]);
    expect(await store.list()).to.have.length(3);
  });

  it("are listed in the order of the table", async () => {
    const live = await load(parameterRows());
    expect(live.list().map(({ name }) => name)).to.deep.equal([
      "im-gateway.status",
      "im-gateway.inactive-timeout",
      "im-gateway.error-message",
      "im.enabled",
      "im.suppress-offline",
      "im.offline-expiry",
      "im.offline-quota",
      "im.forking",
      "im.max-size",
    ]);
  });
});
