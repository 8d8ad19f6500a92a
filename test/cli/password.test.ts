import { PassThrough } from "node:stream";
import { expect } from "chai";
import { type ReadPassword, readPassword } from "../../cli/password.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACE = "\u007f";

describe("a password", () => {
  describe("asked for at a terminal", () => {
    /** Types each text when the next prompt appears. */
    async function type(...texts: readonly string[]): Promise<{ read: ReadPassword; shown: string }> {
      const input = Object.assign(new PassThrough(), { isTTY: true });
      const left = [...texts];
      let shown = "";
      const prompts = {
        write: (text: string) => {
          shown += text;
          if (text.endsWith(": ")) setImmediate(() => input.write(left.shift() ?? CTRL_D));
        },
      };
      return { read: await readPassword({ input, prompts }), shown };
    }

    const rows: readonly { title: string; typed: readonly string[]; read: ReadPassword }[] = [
      {
        title: "is taken when it is typed twice",
        typed: ["wonderland\r", "wonderland\r"],
        read: { ok: true, password: "wonderland" },
      },
      {
        title: "may be corrected",
        typed: [`wondex${BACKSPACE}rland\r`, "wonderland\r"],
        read: { ok: true, password: "wonderland" },
      },
      { title: "may have blanks at its ends", typed: [" a b \r", " a b \r"], read: { ok: true, password: " a b " } },
      {
        title: "must be the same twice",
        typed: ["one\r", "two\r"],
        read: { ok: false, why: "the two passwords differ" },
      },
      { title: "must not be empty", typed: ["\r"], read: { ok: false, why: "no password given" } },
      { title: "is given up with Ctrl-C", typed: [CTRL_C], read: { ok: false, why: "no password given" } },
      { title: "is given up with Ctrl-D", typed: [CTRL_D], read: { ok: false, why: "no password given" } },
      {
        title: "is given up with Ctrl-C at the second prompt",
        typed: ["one\r", CTRL_C],
        read: { ok: false, why: "no password given" },
      },
    ];
    for (const { title, typed, read: expected } of rows) {
      it(title, async () => {
        const { read, shown } = await type(...typed);
        expect(read).to.deep.equal(expected);
        expect(shown).to.match(/^Password: \n(Again: \n)?$/);
      });
    }
  });

  describe("on standard input", () => {
    async function pipe(...chunks: readonly string[]): Promise<ReadPassword> {
      const input = new PassThrough();
      for (const chunk of chunks) input.write(chunk);
      input.end();
      return readPassword({ input, prompts: { write: () => expect.fail("nobody is there to be asked") } });
    }

    const rows: readonly { title: string; chunks: readonly string[]; read: ReadPassword }[] = [
      {
        title: "ends before the last line break",
        chunks: ["wonderland\n"],
        read: { ok: true, password: "wonderland" },
      },
      {
        title: "ends before the last line break of Windows",
        chunks: ["wonderland\r\n"],
        read: { ok: true, password: "wonderland" },
      },
      { title: "needs no line break", chunks: ["wonder", "land"], read: { ok: true, password: "wonderland" } },
      {
        title: "keeps any other line break, for the daemon to refuse",
        chunks: ["a\nb\n"],
        read: { ok: true, password: "a\nb" },
      },
      { title: "must not be empty", chunks: ["\n"], read: { ok: false, why: "no password on standard input" } },
      { title: "must be there", chunks: [], read: { ok: false, why: "no password on standard input" } },
      {
        title: "is not a whole file",
        chunks: ["x".repeat(64 * 1024), "x"],
        read: { ok: false, why: "what stands on standard input is too long for a password" },
      },
    ];
    for (const { title, chunks, read } of rows) {
      it(title, async () => expect(await pipe(...chunks)).to.deep.equal(read));
    }
  });
});
