import { expect } from "chai";
import {
  formatParametersDoc,
  formatRange,
  PARAMETER_NAMES,
  PARAMETERS,
  type Parameter,
  type ParameterName,
  parseParameter,
  parseParameterName,
} from "../../gateway/parameters.ts";

describe("service parameters", () => {
  for (const name of PARAMETER_NAMES) {
    describe(name, () => {
      for (const text of boundsOf(PARAMETERS[name])) {
        it(`takes ${shortened(text)}`, () => {
          const value = parseParameter(name, text);
          expect(value.ok && String(value.value)).to.equal(text);
        });
      }

      for (const text of beyond(PARAMETERS[name])) {
        it(`refuses ${shortened(text)} and names what it takes`, () => {
          const value = parseParameter(name, text);
          expect(value.ok).to.equal(false);
          if (!value.ok) expect(value.why).to.contain(name).and.to.contain(formatRange(name));
        });
      }

      it("takes its own default", () => {
        expect(parseParameter(name, String(PARAMETERS[name].default))).to.deep.equal({
          ok: true,
          value: PARAMETERS[name].default,
        });
      });

      it("stands in docs/PARAMETERS.md with default and range", () => {
        const row = `| \`${name}\` | ${PARAMETERS[name].default} | ${formatRange(name)} |`;
        expect(
          formatParametersDoc()
            .split("\n")
            .filter((line) => line.startsWith(row)),
        ).to.have.length(1);
      });
    });
  }

  const badLines = [
    { text: "   ", why: "must not be blank" },
    { text: "two\nlines", why: "must be one line without control characters" },
    { text: "bell\u0007", why: "must be one line without control characters" },
    { text: "half a pair \ud83d", why: "must be one line without control characters" },
    { text: "\uffff", why: "must be one line without control characters" },
  ];
  for (const { text, why } of badLines) {
    it(`im-gateway.error-message refuses ${JSON.stringify(text)}`, () => {
      expect(parseParameter("im-gateway.error-message", text)).to.deep.equal({
        ok: false,
        why: `im-gateway.error-message ${why}`,
      });
    });
  }

  it("im-gateway.error-message counts characters, not UTF-16 units", () => {
    expect(parseParameter("im-gateway.error-message", "\u{1f4ec}".repeat(500)).ok).to.equal(true);
    expect(parseParameter("im-gateway.error-message", "\u{1f4ec}".repeat(501)).ok).to.equal(false);
  });

  it("have names that are told when they are mistyped", () => {
    expect(parseParameterName("im.max-size")).to.deep.equal({ ok: true, value: "im.max-size" });
    expect(parseParameterName("im.maxsize")).to.deep.equal({
      ok: false,
      why: 'there is no parameter "im.maxsize" (did you mean "im.max-size"?)',
    });
    expect(parseParameterName("toString").ok).to.equal(false);
  });

  it("keep the defaults and ranges that operators know", () => {
    const table = PARAMETER_NAMES.map((name: ParameterName) => [name, PARAMETERS[name].default, formatRange(name)]);
    expect(table).to.deep.equal([
      ["im-gateway.status", "on", "on, off"],
      ["im-gateway.inactive-timeout", 600, "10..86400 s"],
      ["im-gateway.error-message", "Your IM could not be delivered.", "1..500 characters"],
      ["im.enabled", "on", "on, off"],
      ["im.suppress-offline", "off", "on, off"],
      ["im.offline-expiry", 604_800, "60..7776000 s"],
      ["im.offline-quota", 500, "0..100000 messages"],
      ["im.forking", "until-reply", "until-reply, all"],
      ["im.max-size", 10_000, "1300..100000 bytes"],
    ]);
  });
});

/** Every choice, or both ends of the range. */
function boundsOf(parameter: Parameter): readonly string[] {
  switch (parameter.type) {
    case "choice":
      return parameter.values;
    case "integer":
      return [String(parameter.min), String(parameter.max)];
    case "text":
      return ["x".repeat(parameter.min), "x".repeat(parameter.max)];
  }
}

function beyond(parameter: Parameter): readonly string[] {
  switch (parameter.type) {
    case "choice":
      return ["", "On", "true", "maybe"];
    case "integer":
      return [
        parameter.min - 1,
        parameter.max + 1,
        -1,
        "",
        "ten",
        "10s",
        "1e3",
        " 60",
        "60.0",
        "0x40",
        "9".repeat(400),
      ].map(String);
    case "text":
      return ["x".repeat(parameter.min - 1), "x".repeat(parameter.max + 1)];
  }
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 20 ? `${text.slice(0, 20)}… (${text.length})` : text);
}
