import { readFileSync } from "node:fs";
import xml from "@xmpp/xml";
import { expect } from "chai";
import { SAME_DOMAINS } from "../../../gateway/mapping/address.ts";
import {
  CONDITION_FOR_SIP_STATUS,
  conditionFromSipStatus,
  SIP_STATUS_FOR_CONDITION,
  sipFailureFromStanzaError,
  sipStatusFromCondition,
  stanzaErrorFromSip,
} from "../../../gateway/mapping/error.ts";
import { errorReply, STANZA_ERROR_TYPE, type StanzaErrorCondition } from "../../../xmpp/stanza-error.ts";

const VECTORS = JSON.parse(readFileSync("test/vectors/interop/rfc7247-errors.json", "utf8")) as {
  readonly xmpp_to_sip: readonly { readonly condition: StanzaErrorCondition; readonly sip: string }[];
  readonly sip_to_xmpp: readonly { readonly sip: number; readonly condition: string }[];
  readonly sip_to_xmpp_class_default: Readonly<Record<string, string>>;
  readonly rfc6120_default_error_type: Readonly<Record<string, string>>;
};

const NEW_ADDRESS = "sip:romeo@afterlife.example";

/** The statuses that a cell of the RFC's table allows: "405(full)|501(bare)". */
function cells(text: string): readonly { readonly status: number; readonly note: string }[] {
  return text.split("|").map((cell) => {
    const [, status = "", note = ""] = /^(\d{3})(?:\((.*)\))?$/.exec(cell) ?? [];
    return { status: Number(status), note };
  });
}

describe("RFC 7247 §7: stanza error -> SIP status", () => {
  it("every condition of the RFC has its row and no row is of our own making", () => {
    expect(Object.keys(SIP_STATUS_FOR_CONDITION)).to.have.members(VECTORS.xmpp_to_sip.map((row) => row.condition));
  });

  for (const row of VECTORS.xmpp_to_sip) {
    it(`${row.condition} -> ${row.sip}`, () => {
      const allowed = cells(row.sip);
      const byNote = (note: string) => allowed.find((cell) => cell.note === note)?.status;
      const full = sipStatusFromCondition(row.condition, { hasResource: true });
      const bare = sipStatusFromCondition(row.condition, { hasResource: false });
      const moved = sipStatusFromCondition(row.condition, { hasResource: true, newAddress: NEW_ADDRESS });
      if (byNote("full") !== undefined) expect([full, bare]).to.deep.equal([byNote("full"), byNote("bare")]);
      else if (byNote("without") !== undefined) {
        expect([moved, full]).to.deep.equal([byNote("with new address"), byNote("without")]);
      } else
        expect(allowed.map((cell) => cell.status))
          .to.include(full)
          .and.to.include(bare);
    });
  }

  it("401 and 407 need a challenge that nobody can make here: the sender gets 403", () => {
    for (const condition of ["not-authorized", "registration-required"] as const) {
      const failure = sipFailureFromStanzaError(
        { condition, type: "auth" },
        { hasResource: true, domains: SAME_DOMAINS },
      );
      expect(failure.status).to.equal(403);
    }
  });

  it("the error's text becomes the reason, with the condition for the engineer", () => {
    const failure = sipFailureFromStanzaError(
      { condition: "service-unavailable", type: "cancel", text: "Nutzer ist weg" },
      { hasResource: false, domains: SAME_DOMAINS },
    );
    expect(failure).to.deep.equal({ status: 403, reason: "Nutzer ist weg (service-unavailable)" });
  });

  it("gone with a new address is 301 with a Contact, without one 410", () => {
    const about = { hasResource: false, domains: SAME_DOMAINS };
    const gone = { condition: "gone", type: "cancel" } as const;
    expect(sipFailureFromStanzaError({ ...gone, address: "xmpp:romeo@afterlife.example" }, about)).to.deep.include({
      status: 301,
      contact: `<${NEW_ADDRESS}>`,
    });
    expect(sipFailureFromStanzaError(gone, about)).to.deep.include({ status: 410 }).and.not.to.have.property("contact");
  });
});

describe("RFC 7247 §7: SIP status -> stanza error", () => {
  it("every status of the RFC has its row and no row is of our own making", () => {
    const own = Object.keys(CONDITION_FOR_SIP_STATUS).map(Number);
    expect(own).to.have.members(VECTORS.sip_to_xmpp.map((row) => row.sip));
  });

  for (const row of VECTORS.sip_to_xmpp) {
    it(`${row.sip} -> ${row.condition}`, () => {
      const error = stanzaErrorFromSip({ status: row.sip, reason: "Reason" }, SAME_DOMAINS);
      expect(error.condition).to.equal(row.condition);
      const reply = errorReply(xml("message", { from: "a@b", to: "c@d", type: "chat" }), error);
      expect(reply?.getChild("error")?.attrs["type"]).to.equal(VECTORS.rfc6120_default_error_type[row.condition]);
    });
  }

  for (const [kind, condition] of Object.entries(VECTORS.sip_to_xmpp_class_default)) {
    it(`an unlisted ${kind} -> ${condition}`, () => {
      expect(conditionFromSipStatus(Number(kind[0]) * 100 + 77)).to.equal(condition);
    });
  }

  it("301 brings its new address, 410 none", () => {
    const moved = stanzaErrorFromSip({ status: 301, reason: "Moved", contact: `<${NEW_ADDRESS}>` }, SAME_DOMAINS);
    expect(moved).to.deep.equal({ condition: "gone", address: "xmpp:romeo@afterlife.example" });
    const lost = stanzaErrorFromSip({ status: 410, reason: "Gone", contact: `<${NEW_ADDRESS}>` }, SAME_DOMAINS);
    expect(lost).to.deep.equal({ condition: "gone" });
  });

  it("each condition has the type of RFC 6120 §8.3.3", () => {
    expect(STANZA_ERROR_TYPE).to.deep.equal(VECTORS.rfc6120_default_error_type);
  });
});
