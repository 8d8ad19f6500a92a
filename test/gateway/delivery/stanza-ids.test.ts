import { expect } from "chai";
import { StanzaIds } from "../../../gateway/delivery/stanza-ids.ts";
import { FakeClock } from "../../sip/fake-clock.ts";

const MESSAGE = {
  callId: "c1",
  from: { displayName: undefined, uri: "sip:alice@sip.test", tag: "t1", parameters: new Map() },
  cseq: { number: 1, method: "MESSAGE" },
  body: Buffer.from("hello"),
} as const;

describe("the id of the stanza that a MESSAGE becomes", () => {
  it("is the same for the same IM, in another run and under the next CSeq of a phone that had to prove itself again", () => {
    const clock = new FakeClock();
    const before = new StanzaIds({ clock }).idOf(MESSAGE);
    const again = { ...MESSAGE, cseq: { number: 2, method: "MESSAGE" } };
    expect(new StanzaIds({ clock }).idOf(again)).to.equal(before);
  });

  it("is another one for another Call-ID, From tag or body", () => {
    const ids = new StanzaIds({ clock: new FakeClock() });
    const others = [
      MESSAGE,
      { ...MESSAGE, callId: "c2" },
      { ...MESSAGE, from: { ...MESSAGE.from, tag: "t2" } },
      { ...MESSAGE, body: Buffer.from("hello!") },
    ];
    expect(new Set(others.map((message) => ids.idOf(message))).size).to.equal(others.length);
  });

  it("a client that keeps its Call-ID says the same twice: two ids", () => {
    const ids = new StanzaIds({ clock: new FakeClock() });
    const first = ids.idOf(MESSAGE);
    const second = ids.idOf({ ...MESSAGE, cseq: { number: 2, method: "MESSAGE" } });
    const third = ids.idOf({ ...MESSAGE, cseq: { number: 3, method: "MESSAGE" } });
    expect(new Set([first, second, third]).size).to.equal(3);
    expect(ids.idOf(MESSAGE)).to.equal(first);
  });
});
