import { expect } from "chai";
import { TEXTS_OF_ALL_SCRIPTS } from "../gateway/mapping/texts-of-all-scripts.ts";
import type { Linphone } from "../peers/linphone.ts";
import type { Slixmpp } from "../peers/slixmpp.ts";
import { BothSides } from "./both-sides.ts";
import { linphoneOf, slixmppOf } from "./real-clients.ts";

describe("The scripts of the world pass byte for byte between Linphone and Slixmpp", () => {
  let sides: BothSides;
  let plain: Linphone;
  let cpim: Linphone;
  let juliet: Slixmpp;

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    plain = await linphoneOf(sides, "alice");
    cpim = await linphoneOf(sides, "bob", { transport: "tcp", format: "cpim" });
    juliet = await slixmppOf(sides, "juliet");
  });
  after(() => sides.stop());

  for (const [name, text] of TEXTS_OF_ALL_SCRIPTS) {
    it(name, async () => {
      for (const [phone, aor] of [
        [plain, "alice@sip.test"],
        [cpim, "bob@sip.test"],
      ] as const) {
        phone.send("sip:juliet@xmpp.test", `${aor} [${text}]`);
        expect((await juliet.received(`${aor} [${text}]`)).from).to.equal(aor);
        juliet.send({ to: aor, body: `juliet [${text}]` });
        expect((await phone.received(`juliet [${text}]`)).from).to.equal("sip:juliet@xmpp.test");
      }
    });
  }
});
