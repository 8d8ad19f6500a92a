import xml from "@xmpp/xml";
import { expect } from "chai";
import { sendUntilTaken } from "../../../gateway/delivery/send-until-taken.ts";
import { FakeClock } from "../../sip/fake-clock.ts";
import { FakeLink } from "./fake-link.ts";

function setUp() {
  const link = new FakeLink();
  const clock = new FakeClock();
  const done: string[] = [];
  sendUntilTaken(xml("message", { id: "a" }), { link, clock, done: () => done.push("done") });
  return { link, clock, done };
}

describe("a stanza that must not be lost because the queue of the link is full", () => {
  it("goes again 5 s later, and is done when the server has it", () => {
    const { link, clock, done } = setUp();
    link.sent[0]?.settle({ outcome: "refused", why: "the queue is full", busy: true });
    expect(done).to.deep.equal([]);
    clock.advance(5_000);
    expect(link.sent).to.have.length(2);
    link.sent[1]?.settle({ outcome: "processed" });
    expect(done).to.deep.equal(["done"]);
  });

  it("is done with when the server will never take it, and not when the link stops", () => {
    const refused = setUp();
    refused.link.sent[0]?.settle({ outcome: "refused", why: "too large" });
    expect(refused.done).to.deep.equal(["done"]);
    const stopped = setUp();
    stopped.link.sent[0]?.settle({ outcome: "cancelled" });
    stopped.clock.advance(60_000);
    expect(stopped.done).to.deep.equal([]);
    expect(stopped.link.sent).to.have.length(1);
  });
});
