import { expect } from "chai";
import { startProsody } from "../peers/prosody.ts";
import { waitFor } from "../peers/wait-for.ts";
import { describeXmppLink, linkTo } from "./xmpp-link-scenarios.ts";

describeXmppLink("Prosody", startProsody);

describe("XEP-0114 with Prosody: a second component of the same name", () => {
  it("waits, says why, and takes over when the first one leaves", async () => {
    const server = await startProsody({ components: [{ domain: "sip.test", secret: "s" }] });
    const first = linkTo(server.componentPort, "s");
    first.start();
    await waitFor("the first to be online", () => first.status().state === "online");
    const second = linkTo(server.componentPort, "s");
    second.start();
    await waitFor("the second to wait", () => second.status().state === "waiting");
    expect(second.status().problem).to.equal(
      `another component is connected as sip.test at 127.0.0.1:${server.componentPort}`,
    );
    expect(first.status().state).to.equal("online");
    await first.stop();
    await waitFor("the second to be online", () => second.status().state === "online");
    await second.stop();
    await server.stop();
  });
});
