import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { parseStreamError, STREAM_ERRORS } from "../../../xmpp/link/stream-errors.ts";

const NAMESPACE = "urn:ietf:params:xml:ns:xmpp-streams";

function streamError(...children: Element[]): Element {
  return xml("stream:error", {}, ...children);
}

describe("RFC 6120 §4.9.3 stream errors", () => {
  it("has the 25 defined conditions", () => {
    expect(Object.keys(STREAM_ERRORS)).to.have.length(25);
  });

  for (const condition of Object.keys(STREAM_ERRORS)) {
    it(`reads ${condition}`, () => {
      const text = xml("text", { xmlns: NAMESPACE }, "because");
      const error = parseStreamError(streamError(xml(condition, { xmlns: NAMESPACE }), text));
      expect(error).to.deep.equal({ condition, text: "because" });
    });
  }

  for (const [name, element] of [
    ["an unknown condition", streamError(xml("toString", { xmlns: NAMESPACE }))],
    ["a condition of another namespace", streamError(xml("conflict", { xmlns: "urn:example" }))],
    ["no condition", streamError()],
  ] as const) {
    it(`reads ${name} as undefined-condition`, () => {
      expect(parseStreamError(element)).to.deep.equal({ condition: "undefined-condition", text: undefined });
    });
  }

  it("blames no stanza for what the server or the settings did", () => {
    for (const condition of ["system-shutdown", "reset", "conflict", "not-authorized", "host-unknown"] as const) {
      expect(STREAM_ERRORS[condition].blamesStanza, condition).to.equal(false);
    }
  });

  it("blames a stanza for what both servers say to a poisonous one", () => {
    for (const condition of ["not-well-formed", "policy-violation", "invalid-from", "invalid-xml"] as const) {
      expect(STREAM_ERRORS[condition].blamesStanza, condition).to.equal(true);
    }
  });
});
