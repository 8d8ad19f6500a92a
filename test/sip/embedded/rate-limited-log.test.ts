import { expect } from "chai";
import { pino } from "pino";
import { RateLimitedLog } from "../../../sip/embedded/rate-limited-log.ts";
import { FakeClock } from "../fake-clock.ts";

describe("warnings that strangers can cause", () => {
  it("are one line a kind and ten seconds, with the number of those left out", () => {
    const lines: { msg: string; suppressed: number }[] = [];
    const clock = new FakeClock();
    const log = new RateLimitedLog(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }), clock);
    for (let number = 0; number < 5; number += 1) log.warn("message not readable", { number });
    log.warn("stream not readable", {});
    clock.advance(10_000);
    log.warn("message not readable", {});
    expect(lines.map(({ msg, suppressed }) => [msg, suppressed])).to.deep.equal([
      ["message not readable", 0],
      ["stream not readable", 0],
      ["message not readable", 4],
    ]);
  });
});
