import { expect } from "chai";
import { passwordOf } from "../peers/gateway.ts";
import { fieldOf, fieldsOf, type RawMessage, readMessage, statusOf } from "../peers/raw-sip.ts";
import { runSipp, type SippOptions } from "../peers/sipp.ts";
import { registerScenario, type SippRegistration } from "../peers/sipp-scenarios.ts";
import { BothSides } from "./both-sides.ts";

const DESK = "<sip:alice@127.0.0.1:40001>";
const POCKET = "<sip:alice@127.0.0.1:40002;transport=udp>";
const SOFT = "<sip:alice@127.0.0.1:40003>";
const INSTANCE = `+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"`;

interface UserRow {
  readonly aor: string;
  readonly bindings: number;
}

describe("RFC 3261 §10.3: SIPp registers Alice with digest", () => {
  let sides: BothSides;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: [] });
  });
  after(() => sides.stop());

  const bindingsOf = async (aor: string) =>
    (await sides.gateway.json<readonly UserRow[]>(["user", "list"])).find((row) => row.aor === aor)?.bindings;

  /** The responses to one REGISTER: the challenge and the final one, which is as expected. */
  async function register(
    wish: Partial<SippRegistration>,
    { transport = "udp" }: Pick<SippOptions, "transport"> = {},
  ): Promise<readonly [challenge: RawMessage, final: RawMessage]> {
    const { aor = "alice@sip.test" } = wish;
    const password = passwordOf(aor.slice(0, aor.indexOf("@")));
    const scenario = registerScenario({ ...wish, aor, password });
    const remote = `127.0.0.1:${sides.gateway.sipPort}`;
    const { exitCode, errors, messages } = await runSipp({ scenario, remote, transport });
    expect(exitCode, errors).to.equal(0);
    const [challenge, final] = responsesIn(messages);
    if (challenge === undefined || final === undefined) throw new Error(`not two responses in: ${messages}`);
    return [challenge, final];
  }

  for (const transport of ["udp", "tcp"] as const) {
    it(`over ${transport.toUpperCase()}: one challenge, which SIPp understands, then its own Contact is bound`, async () => {
      const [challenge, final] = await register({ aor: "bob@sip.test" }, { transport });
      expect(statusOf(challenge)).to.equal(401);
      expect(fieldsOf(challenge, "www-authenticate")).to.have.lengthOf(1);
      expect(fieldOf(challenge, "www-authenticate"))
        .to.match(/^Digest /)
        .and.contain("algorithm=MD5");
      const own = new RegExp(`^<sip:bob@127\\.0\\.0\\.1:\\d+;transport=${transport}>;expires=600$`, "i");
      expect(fieldsOf(final, "contact").filter((contact) => own.test(contact))).to.have.lengthOf(1);
    });
  }

  it("several Contacts in one REGISTER: all of them are bound, each for its own time", async () => {
    const [, final] = await register({ contacts: [DESK, `${POCKET};expires=120`, SOFT] });
    const times = Object.fromEntries(fieldsOf(final, "contact").map((contact) => [uriOf(contact), expiresOf(contact)]));
    expect(times).to.deep.equal({ [DESK]: 600, [POCKET]: 120, [SOFT]: 600 });
    expect(await bindingsOf("alice@sip.test")).to.equal(3);
  });

  it("RFC 5626 §4.2.1: q and +sip.instance stand in the 200 as the phone wrote them", async () => {
    const [, final] = await register({ contacts: [`${DESK};q=0.7;${INSTANCE}`] });
    const desk = fieldsOf(final, "contact").find((contact) => contact.startsWith(DESK));
    expect(desk?.split(";").slice(1)).to.have.members(["expires=600", "q=0.7", INSTANCE]);
  });

  it("without a Contact: nothing changes, the 200 tells what there is", async () => {
    expect(await boundToAlice()).to.have.members([DESK, POCKET, SOFT]);
  });

  it("expires=0 at one Contact: that one goes, the others stay", async () => {
    const [, final] = await register({ contacts: [`${POCKET};expires=0`] });
    expect(fieldsOf(final, "contact").map(uriOf)).to.have.members([DESK, SOFT]);
    expect(await bindingsOf("alice@sip.test")).to.equal(2);
  });

  it("the same instance from another port replaces the Contact that it had", async () => {
    const moved = "<sip:alice@127.0.0.1:40009>";
    const [, final] = await register({ contacts: [`${moved};${INSTANCE}`] });
    expect(fieldsOf(final, "contact").map(uriOf)).to.have.members([moved, SOFT]);
    await register({ contacts: [`${moved};expires=0`, DESK] });
  });

  it("too brief an interval: 423 with Min-Expires, and nothing is bound of it", async () => {
    const [, final] = await register({ contacts: [`${POCKET};expires=59`, `${DESK};expires=600`], expect: 423 });
    expect(fieldOf(final, "min-expires")).to.equal("60");
    expect(await boundToAlice()).to.have.members([DESK, SOFT]);
    await register({ contacts: [POCKET], expiresSeconds: 60 });
    expect(await boundToAlice()).to.have.members([DESK, SOFT, POCKET]);
  });

  it("Contact * without Expires 0: 400, and nothing is removed", async () => {
    await register({ contacts: ["*"], expiresSeconds: 600, expect: 400 });
    expect(await bindingsOf("alice@sip.test")).to.equal(3);
  });

  it("Contact * with Expires 0: all bindings of Alice go, and nobody else's", async () => {
    const [, final] = await register({ contacts: ["*"], expiresSeconds: 0 });
    expect(fieldsOf(final, "contact")).to.deep.equal([]);
    expect(await bindingsOf("alice@sip.test")).to.equal(0);
    expect(await bindingsOf("bob@sip.test")).to.be.greaterThan(0);
  });

  async function boundToAlice(): Promise<readonly string[]> {
    const [, final] = await register({ contacts: [] });
    return fieldsOf(final, "contact").map(uriOf);
  }
});

/** From SIPp's trace. */
function responsesIn(trace: string): readonly RawMessage[] {
  const received = trace.split(/message received \[\d+\] bytes :\n\n/).slice(1);
  const messages = received.flatMap((text) => readMessage(Buffer.from(text.replaceAll(/\r?\n/g, "\r\n"))) ?? []);
  return messages.filter((message) => statusOf(message) >= 200);
}

function uriOf(contact: string): string {
  return contact.slice(0, contact.indexOf(">") + 1);
}

function expiresOf(contact: string): number {
  return Number(/;expires=(\d+)/.exec(contact)?.[1]);
}
