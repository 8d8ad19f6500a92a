import { expect } from "chai";
import { Ledger, type LinkEvidence } from "./ledger.ts";
import { formatKey, type Side } from "./text.ts";

const NOTHING_SEEN: LinkEvidence = {
  reachedGateway: new Set(),
  processedByServer: new Set(),
  errorsProcessedByServer: new Set(),
  outOfOrderToServer: 0,
  endedConnections: [],
};

describe("The books of a reliability run", () => {
  let ledger: Ledger;

  const sent = (side: Side, number: number): string => {
    const message = { side, conversation: 0, number };
    ledger.onSent(message);
    return formatKey(message);
  };

  beforeEach(() => {
    ledger = new Ledger();
  });

  it("accepted = delivered + told + outside + lost, of what phones were answered 2xx", () => {
    const [delivered, told, outside, lost, refused] = [0, 1, 2, 3, 4].map((number) => sent("sip", number));
    if (!delivered || !told || !outside || !lost || !refused) throw new Error("no keys");
    for (const key of [delivered, told, outside, lost]) ledger.onAnswered(key, "accepted");
    ledger.onAnswered(refused, "refused");
    ledger.onArrived(delivered, "id");
    ledger.onTold(told);
    const account = ledger.account("sip", { ...NOTHING_SEEN, processedByServer: new Set([outside]) });
    expect(account).to.deep.include({ sent: 5, refused: 1, unknown: 0, accepted: 4 });
    expect(account).to.deep.include({ delivered: 1, told: 1, outside: 1, lost: 1, lostKeys: [lost] });
  });

  it("a phone's IM without a final answer is neither accepted nor refused, wherever it got to", () => {
    const key = sent("sip", 0);
    ledger.onAnswered(key, "unknown");
    ledger.onArrived(key, "id");
    expect(ledger.account("sip", NOTHING_SEEN)).to.deep.include({ unknown: 1, accepted: 0, delivered: 0, lost: 0 });
  });

  it("of the XMPP side the gateway answers for what the server handed to it, and for nothing else", () => {
    const [reached, bounced, vanished] = [sent("xmpp", 0), sent("xmpp", 1), sent("xmpp", 2)];
    ledger.onTold(bounced);
    const account = ledger.account("xmpp", { ...NOTHING_SEEN, reachedGateway: new Set([reached]) });
    expect(account).to.deep.include({ accepted: 1, lost: 1, refused: 1, unknown: 1 });
    expect(account.lostKeys).to.deep.equal([reached]);
    expect(vanished).to.equal("xmpp-0-2");
  });

  it("what vanished in a connection that ended is outside only when nothing behind it was handled", () => {
    const keys = [0, 1, 2, 3].map((number) => sent("xmpp", number));
    const evidence = { ...NOTHING_SEEN, reachedGateway: new Set(keys), endedConnections: [keys] };
    ledger.onArrived(keys[1] ?? "", "id");
    const account = ledger.account("xmpp", evidence);
    expect(account).to.deep.include({ delivered: 1, outside: 2, lost: 1, lostKeys: [keys[0]] });
  });

  it("what vanished in a connection that has not ended is lost", () => {
    const key = sent("xmpp", 0);
    expect(ledger.account("xmpp", { ...NOTHING_SEEN, reachedGateway: new Set([key]) }).lost).to.equal(1);
  });

  it("copies are counted by whether a client can tell by the id that it has them", () => {
    const key = sent("sip", 0);
    for (const id of ["one", "one", "one", "other"]) ledger.onArrived(key, id);
    expect(ledger.account("sip", NOTHING_SEEN)).to.deep.include({ duplicatesSameId: 2, duplicatesOtherId: 1 });
  });

  it("a first copy behind a later IM of its conversation is out of order, a late second copy is not", () => {
    const keys = [0, 1, 2].map((number) => sent("xmpp", number));
    for (const at of [0, 2, 1, 0]) ledger.onArrived(keys[at] ?? "", "id");
    expect(ledger.account("xmpp", NOTHING_SEEN).outOfOrder).to.equal(1);
  });

  it("the order towards the XMPP side is the gateway's as far as the link, the server's behind it", () => {
    const keys = [0, 1].map((number) => sent("sip", number));
    for (const key of keys.toReversed()) ledger.onArrived(key, "id");
    expect(ledger.account("sip", NOTHING_SEEN)).to.deep.include({ outOfOrder: 1, outOfOrderByGateway: 0 });
  });

  it("a failure that is told of an IM which arrives all the same is counted", () => {
    const [refused, told] = [sent("sip", 0), sent("sip", 1)];
    ledger.onAnswered(refused, "refused");
    ledger.onAnswered(told, "accepted");
    ledger.onTold(told);
    for (const key of [refused, told]) ledger.onArrived(key, "id");
    const account = ledger.account("sip", NOTHING_SEEN);
    expect(account).to.deep.include({ refusedYetDelivered: 1, toldYetDelivered: 1, told: 0 });
  });
});
