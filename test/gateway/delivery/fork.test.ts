import { expect } from "chai";
import { bestOf, FATE_OF_STATUS, type Fate, fateOf } from "../../../gateway/delivery/fate.ts";
import { type BindingOutcome, forkByPreference, TRY_OTHERS_AFTER_MS } from "../../../gateway/delivery/fork.ts";
import { bindingAt } from "./delivery-world.ts";

const LONGEST_MS = 32_000;

/** Statuses by q, the highest q first, to the statuses that are asked for and the one that comes of it. */
// biome-ignore format: table
const FORKS: readonly { readonly answers: readonly (readonly number[])[]; readonly asked: number; readonly delivered: boolean }[] = [
  { answers: [],                     asked: 0, delivered: false },
  { answers: [[200]],                asked: 1, delivered: true },
  { answers: [[480]],                asked: 1, delivered: false },
  { answers: [[486, 200]],           asked: 2, delivered: true },
  { answers: [[200, 202]],           asked: 2, delivered: true },
  { answers: [[480, 408]],           asked: 2, delivered: false },
  { answers: [[200], [200]],         asked: 1, delivered: true },
  { answers: [[486], [200]],         asked: 2, delivered: true },
  { answers: [[486, 480], [503]],    asked: 3, delivered: false },
  { answers: [[603], [200]],         asked: 1, delivered: false },
  { answers: [[603, 200], [200]],    asked: 2, delivered: true },
  { answers: [[480], [600], [200]],  asked: 2, delivered: false },
  { answers: [[480], [404], [200]],  asked: 3, delivered: true },
];

async function fork(answers: readonly (readonly number[])[]) {
  const statuses = new Map<string, number>();
  const bindings = answers.flatMap((group, index) =>
    group.map((status, place) => {
      const contact = `sip:alice@127.0.0.1:${5070 + index * 10 + place}`;
      statuses.set(contact, status);
      return bindingAt(contact, { q: 1000 - index });
    }),
  );
  const waited: number[] = [];
  const send = async ({ contact }: { readonly contact: string }, timeoutMs: number) => {
    waited.push(timeoutMs);
    const status = statuses.get(contact) ?? 0;
    const outcome: BindingOutcome<string> =
      status < 300
        ? { delivered: true, at: contact }
        : { delivered: false, failure: { status, reason: String(status) } };
    return outcome;
  };
  return { outcome: await forkByPreference(bindings.reverse(), LONGEST_MS, send), waited };
}

describe("RFC 3261 §16.6, §16.7 forking by preference", () => {
  for (const { answers, asked, delivered } of FORKS) {
    it(`answers ${JSON.stringify(answers)}: ${asked} asked, ${delivered ? "delivered" : "failed"}`, async () => {
      const { outcome, waited } = await fork(answers);
      expect(outcome.delivered).to.equal(delivered);
      expect(waited).to.have.length(asked);
      if (!outcome.delivered) expect(outcome.failures).to.have.length(asked);
    });
  }

  it("a group that is not the last waits no longer than the others can be kept waiting", async () => {
    const { waited } = await fork([[486], [480, 486], [200]]);
    expect(waited).to.deep.equal([TRY_OTHERS_AFTER_MS, TRY_OTHERS_AFTER_MS, TRY_OTHERS_AFTER_MS, LONGEST_MS]);
  });

  it("a 2xx does not wait for the silent phones of its group", async () => {
    const silent = new Promise<BindingOutcome<string>>(() => {});
    const outcome = await forkByPreference(
      [bindingAt("sip:a@127.0.0.1"), bindingAt("sip:b@127.0.0.1")],
      LONGEST_MS,
      ({ contact }) => (contact.includes(":b@") ? Promise.resolve({ delivered: true, at: contact }) : silent),
    );
    expect(outcome).to.deep.equal({ delivered: true, at: "sip:b@127.0.0.1" });
  });
});

describe("what a status means for an IM", () => {
  it("RFC 3261 §21.4, §21.5, RFC 5626 §11.5: unreachable is who nobody has answered for", () => {
    const unreachable = Object.keys(FATE_OF_STATUS).filter((status) => fateOf(Number(status)) === "unreachable");
    expect(unreachable).to.deep.equal(["408", "430", "480", "503", "504"]);
  });

  const others: readonly (readonly [number, Fate])[] = [
    [400, "unreadable"],
    ...[301, 403, 404, 415, 486, 488, 500, 513, 600, 603, 604, 606].map((status) => [status, "refused"] as const),
  ];
  for (const [status, fate] of others) it(`${status} is ${fate}`, () => expect(fateOf(status)).to.equal(fate));
});

describe("RFC 3261 §16.7 step 6 the best of several failures", () => {
  const best = (...statuses: readonly number[]) =>
    bestOf(statuses.map((status) => ({ status, reason: String(status) }))).status;

  it("a 6xx speaks for the user; else the lowest class, the first of it", () => {
    expect(best(500, 404, 480)).to.equal(404);
    expect(best(480, 603, 302)).to.equal(603);
    expect(best(486, 302)).to.equal(302);
  });

  it("any answer stands before silence and before an unreachable device", () => {
    for (const status of Object.keys(FATE_OF_STATUS).map(Number)) {
      if (fateOf(status) === "unreachable") expect(best(status, 500)).to.equal(500);
    }
    expect(best(408, 480)).to.equal(480);
  });

  it("nobody was asked: 480", () => {
    expect(best()).to.equal(480);
  });
});
