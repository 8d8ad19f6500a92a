import { expect } from "chai";
import { luaString, storeName } from "../../../xmpp/managed-server/prosody-text.ts";

describe("text as Prosody reads it", () => {
  for (const [text, expected] of [
    ["plain", '"plain"'],
    ['say "hi"', '"say \\034hi\\034"'],
    ["back\\slash", '"back\\092slash"'],
    ["line\nbreak\r\0", '"line\\010break\\013\\000"'],
    ["]] os.exit() --", '"]] os.exit() --"'],
    ["grüß", '"grüß"'],
  ] as const) {
    it(`${JSON.stringify(text)} as a Lua string`, () => {
      expect(luaString(text)).to.equal(expected);
    });
  }

  for (const [name, expected] of [
    ["alice", "alice"],
    ["xmpp.test", "xmpp%2etest"],
    ["a_b\\20c", "a%5fb%5c20c"],
    ["ü", "%c3%bc"],
    ["../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"],
  ] as const) {
    it(`${name} as the name of a file`, () => {
      expect(storeName(name)).to.equal(expected);
    });
  }
});
