import { expect } from "chai";
import { CONTENT_NOTES, formatMappingDoc } from "../../../gateway/mapping/doc.ts";
import { READABLE_TYPES } from "../../../sip/message-content.ts";

describe("docs/MAPPING.md", () => {
  it("says of every type that is read what becomes of it, and of no other", () => {
    expect(Object.keys(CONTENT_NOTES)).to.have.members([...READABLE_TYPES]);
  });

  it("tells of both words for a failed delivery", () => {
    expect(formatMappingDoc()).to.include("`<failed/>`, read also from `<error/>`");
  });
});
