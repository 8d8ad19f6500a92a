import xml from "@xmpp/xml";
import { expect } from "chai";
import {
  errorReply,
  parseStanzaError,
  STANZA_ERROR_TYPE,
  STANZAS_NAMESPACE,
  type StanzaErrorCondition,
} from "../../xmpp/stanza-error.ts";

const CONDITIONS = Object.keys(STANZA_ERROR_TYPE) as StanzaErrorCondition[];

describe("RFC 6120 §8.3 stanza errors", () => {
  it("has the 22 defined conditions", () => {
    expect(CONDITIONS).to.have.length(22);
  });

  for (const condition of CONDITIONS) {
    it(`${condition} goes out as type ${STANZA_ERROR_TYPE[condition]} and reads back as it is`, () => {
      const message = xml("message", { from: "a@x.test/r", to: "b@sip.test", id: "1", type: "chat" });
      const reply = errorReply(message, { condition, text: "why & <how>", by: "sip.test" });
      expect(reply?.attrs).to.deep.equal({ type: "error", id: "1", from: "b@sip.test", to: "a@x.test/r" });
      expect(reply && parseStanzaError(reply)).to.deep.equal({
        condition,
        type: STANZA_ERROR_TYPE[condition],
        text: "why & <how>",
        by: "sip.test",
      });
    });
  }

  it("takes the type and the new address that it is given", () => {
    const request = xml("iq", { from: "a@x.test/r", to: "b@sip.test", id: "1", type: "get" });
    const reply = errorReply(request, { condition: "gone", type: "modify", address: "xmpp:c@x.test" });
    expect(reply && parseStanzaError(reply)).to.deep.equal({
      condition: "gone",
      type: "modify",
      address: "xmpp:c@x.test",
    });
  });

  it("never answers an error, a result or nobody", () => {
    for (const type of ["error", "result"]) {
      const answer = xml("iq", { type, from: "a@x.test/r", to: "b@sip.test", id: "1" });
      expect(errorReply(answer, { condition: "bad-request" }), type).to.equal(undefined);
    }
    expect(errorReply(xml("message", { to: "b@sip.test" }), { condition: "bad-request" })).to.equal(undefined);
  });

  it("leaves out the id of a stanza that had none", () => {
    const reply = errorReply(xml("message", { from: "a@x.test" }), { condition: "bad-request" });
    expect(reply?.toString()).to.not.include("id=");
  });

  it("reads no error from a stanza of another type", () => {
    expect(parseStanzaError(xml("message", { type: "chat" }, xml("error")))).to.equal(undefined);
  });

  it("reads an unknown condition, a foreign one, and none as undefined-condition", () => {
    const contents = [
      xml("error", {}, xml("toString", { xmlns: STANZAS_NAMESPACE })),
      xml("error", { type: "nonsense" }, xml("conflict", { xmlns: "urn:example" })),
      xml("error"),
      undefined,
    ];
    for (const content of contents) {
      expect(parseStanzaError(xml("message", { type: "error" }, content))).to.deep.equal({
        condition: "undefined-condition",
        type: "cancel",
      });
    }
  });

  it("finds the condition beside an application's own element", () => {
    const error = xml(
      "error",
      { type: "wait" },
      xml("not-connected", { xmlns: "xmpp:prosody.im/protocol/component" }),
      xml("remote-server-timeout", { xmlns: STANZAS_NAMESPACE }),
      xml("text", { xmlns: STANZAS_NAMESPACE }, "Component unavailable"),
    );
    expect(parseStanzaError(xml("message", { type: "error" }, error))).to.deep.equal({
      condition: "remote-server-timeout",
      type: "wait",
      text: "Component unavailable",
    });
  });
});
