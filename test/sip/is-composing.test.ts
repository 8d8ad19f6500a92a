import { expect } from "chai";
import { formatIsComposing, parseIsComposing } from "../../sip/is-composing.ts";

function composingOf(xml: string) {
  const composing = parseIsComposing(Buffer.from(xml));
  return composing.ok ? composing.value : composing.why;
}

const notice = (inner: string) => `<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">${inner}</isComposing>`;

describe("RFC 3994 §6: application/im-iscomposing+xml", () => {
  for (const [name, xml, expected] of [
    [
      "active, with all that it may have",
      notice("<state>active</state><contenttype>text/plain</contenttype><refresh>90</refresh>"),
      { state: "active", refreshSeconds: 90, contentType: "text/plain" },
    ],
    [
      "idle, with the time of the last key",
      notice("<state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive>"),
      { state: "idle", refreshSeconds: undefined, contentType: undefined },
    ],
    [
      "libpurple: with the place of its schema",
      '<?xml version="1.0"?>\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing" ' +
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:ietf:params:xml:ns:im-composing iscomposing.xsd">' +
        "\n<state>active</state>\n<refresh>60</refresh>\n</isComposing>",
      { state: "active", refreshSeconds: 60, contentType: undefined },
    ],
    [
      "prefixes",
      '<c:isComposing xmlns:c="urn:ietf:params:xml:ns:im-iscomposing"><c:state>active</c:state></c:isComposing>',
      { state: "active", refreshSeconds: undefined, contentType: undefined },
    ],
    [
      "a state that is not known is idle",
      notice("<state>drawing</state>"),
      { state: "idle", refreshSeconds: undefined, contentType: undefined },
    ],
    ["no state", notice("<refresh>60</refresh>"), "a composing notice without state"],
    ["another document", "<imdn/>", "the root of a composing notice is <isComposing/>"],
    ["no XML", "active", "the XML is not well-formed"],
  ] as const) {
    it(name, () => expect(composingOf(xml)).to.deep.equal(expected));
  }

  for (const refresh of ["", "0", "-1", "1.5", "soon"]) {
    it(`a refresh of "${refresh}" is none`, () => {
      const xml = notice(`<state>active</state><refresh>${refresh}</refresh>`);
      expect(composingOf(xml)).to.deep.include({ state: "active", refreshSeconds: undefined });
    });
  }

  it("what is written comes back", () => {
    for (const state of ["active", "idle"] as const) {
      for (const refreshSeconds of [undefined, 90]) {
        const composing = { state, refreshSeconds, contentType: "text/plain" };
        expect(composingOf(formatIsComposing(composing).toString())).to.deep.equal(composing);
      }
    }
  });
});
