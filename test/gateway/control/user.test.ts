import { createHash } from "node:crypto";
import { expect } from "chai";
import { userAdd, userList, userPassword, userRemove } from "../../../gateway/control/user.ts";
import { type FakeAppliance, fakeAppliance } from "./fake-appliance.ts";

const caller = { name: "test" };

describe("operations on SIP accounts", () => {
  let appliance: FakeAppliance;

  beforeEach(async () => {
    appliance = await fakeAppliance();
  });

  it("user.add keeps the hashes of user:realm:password and nothing else of the password (RFC 7616 §3.4.2)", async () => {
    const outcome = await userAdd.perform(appliance, { aor: "alice@sip.test", password: "wonderland" }, caller);
    expect(outcome).to.deep.equal({
      outcome: "done",
      result: { aor: "alice@sip.test", username: "alice" },
      change: { what: "alice@sip.test", before: "no account", after: "account" },
    });
    const hash = (algorithm: string, username = "alice") =>
      createHash(algorithm).update(`${username}:sip.test:wonderland`).digest("hex");
    expect(await appliance.users.get("alice@sip.test")).to.deep.equal({
      aor: "alice@sip.test",
      realm: "sip.test",
      ha1Md5: hash("md5"),
      ha1Sha256: hash("sha256"),
      ha1bMd5: hash("md5", "alice@sip.test"),
      ha1bSha256: hash("sha256", "alice@sip.test"),
      createdAt: appliance.now(),
    });
  });

  it("user.add takes the address in its canonical form", async () => {
    const outcome = await userAdd.perform(appliance, { aor: "sip:Alice@TWO.test", password: "x" }, caller);
    expect(outcome).to.have.deep.property("result", { aor: "alice@two.test", username: "alice" });
  });

  const refusals = [
    { aor: "alice", password: "x", message: /^"alice" is no account name: / },
    { aor: "@sip.test", password: "x", message: /is no account name/ },
    {
      aor: "alice@elsewhere.test",
      password: "x",
      message: /^elsewhere\.test is not a SIP domain of this gateway \(sip\.domains: sip\.test, two\.test\)$/,
    },
    { aor: "alice@xmpp.test", password: "x", message: /^xmpp\.test is not a SIP domain/ },
    { aor: "alice@sip.test", password: "", message: "a password has 1 to 255 characters" },
    { aor: "alice@sip.test", password: "x".repeat(256), message: "a password has 1 to 255 characters" },
    { aor: "alice@sip.test", password: "a\tb", message: "a password has printable characters only, on one line" },
    { aor: "alice@sip.test", password: "a\nb", message: "a password has printable characters only, on one line" },
  ];
  for (const { aor, password, message } of refusals) {
    it(`user.add refuses ${aor} with ${JSON.stringify(password.slice(0, 5))}`, async () => {
      const outcome = await userAdd.perform(appliance, { aor, password }, caller);
      expect(outcome).to.include({ outcome: "refused", code: "invalid" });
      if (outcome.outcome === "refused") expect(outcome.message).to.match(new RegExp(message));
      expect(await appliance.users.list()).to.deep.equal([]);
    });
  }

  it("user.add takes a password of 255 characters of any script", async () => {
    const outcome = await userAdd.perform(appliance, { aor: "alice@sip.test", password: "ß".repeat(255) }, caller);
    expect(outcome.outcome).to.equal("done");
  });

  it("user.add refuses an account that exists and leaves it as it is", async () => {
    await userAdd.perform(appliance, { aor: "alice@sip.test", password: "one" }, caller);
    const before = await appliance.users.list();
    const outcome = await userAdd.perform(appliance, { aor: "alice@sip.test", password: "two" }, caller);
    expect(outcome).to.include({ outcome: "refused", code: "exists" });
    expect(await appliance.users.list()).to.deep.equal(before);
  });

  it("user.password changes the hashes and keeps the time of making", async () => {
    await appliance.users.put({
      aor: "alice@sip.test",
      realm: "sip.test",
      ha1Md5: "-",
      ha1Sha256: "-",
      ha1bMd5: "-",
      ha1bSha256: "-",
      createdAt: 5,
    });
    const outcome = await userPassword.perform(appliance, { aor: "alice@sip.test", password: "new" }, caller);
    expect(outcome.outcome).to.equal("done");
    const user = await appliance.users.get("alice@sip.test");
    expect(user?.createdAt).to.equal(5);
    expect(user?.ha1Md5).to.equal(createHash("md5").update("alice:sip.test:new").digest("hex"));
  });

  it("user.remove ends the bindings too, and tells how many messages waited", async () => {
    await userAdd.perform(appliance, { aor: "alice@sip.test", password: "x" }, caller);
    expect(await userRemove.perform(appliance, { aor: "alice@sip.test" }, caller)).to.deep.equal({
      outcome: "done",
      result: { aor: "alice@sip.test", messages: 2 },
      change: { what: "alice@sip.test", before: "account", after: "no account" },
    });
    expect(await appliance.users.list()).to.deep.equal([]);
    expect(appliance.unregistered).to.deep.equal(["alice@sip.test"]);
    expect(appliance.forgotten).to.deep.equal(["alice@sip.test"]);
  });

  it("user.remove and user.password say that there is no such account", async () => {
    for (const outcome of [
      await userRemove.perform(appliance, { aor: "nobody@sip.test" }, caller),
      await userPassword.perform(appliance, { aor: "nobody@sip.test", password: "x" }, caller),
    ]) {
      expect(outcome).to.include({ outcome: "refused", code: "not-found" });
    }
    expect(appliance.unregistered).to.deep.equal([]);
    expect(appliance.forgotten).to.deep.equal([]);
  });

  it("user.list has every account with its bindings, sorted, without hashes", async () => {
    await userAdd.perform(appliance, { aor: "bob@sip.test", password: "x" }, caller);
    await userAdd.perform(appliance, { aor: "alice@sip.test", password: "x" }, caller);
    expect(await userList.perform(appliance, {}, caller)).to.deep.equal({
      outcome: "done",
      result: [
        { aor: "alice@sip.test", createdAt: appliance.now(), bindings: 2 },
        { aor: "bob@sip.test", createdAt: appliance.now(), bindings: 0 },
      ],
    });
  });
});
