import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { DOCUMENTS } from "../gateway/control/docs.ts";

describe("the pages of docs/ that are printed from tables", () => {
  for (const { file, text } of DOCUMENTS) {
    it(`${file} says what the code does: npm run docs prints it anew`, () => {
      expect(readFileSync(join("docs", file), "utf8")).to.equal(text());
    });
  }
});
