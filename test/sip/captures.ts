import { readdirSync, readFileSync } from "node:fs";

const FOLDER = "test/vectors/clients";
const CLIENTS = ["baresip", "linphone", "sipjs", "sipp"];
const SIP_START = /^(?:SIP\/2\.0 \d{3}|[A-Z]+ \S+ SIP\/2\.0$)/;

/** One SIP message that a real client or its server sent. */
export interface Capture {
  readonly source: string; // file and number of the block
  readonly startLine: string;
  readonly fields: readonly string[]; // lines, without Content-Length
  readonly bytes: Buffer;
}

/** Every SIP message in the captures; the other blocks are HTTP. */
export function readCaptures(): readonly Capture[] {
  return CLIENTS.flatMap((client) =>
    readdirSync(`${FOLDER}/${client}`).flatMap((file) => capturesOf(`${client}/${file}`)),
  );
}

function capturesOf(path: string): readonly Capture[] {
  const text = readFileSync(`${FOLDER}/${path}`, "latin1").replaceAll("\r\n", "\n");
  const blocks = text.split(/^#### (.*)\n/m).slice(1);
  const captures: Capture[] = [];
  for (let at = 0; at < blocks.length; at += 2) {
    const block = blocks[at + 1] ?? "";
    if (SIP_START.test(block.split("\n", 1)[0] ?? "")) captures.push(captureOf(`${path} #${at / 2 + 1}`, block));
  }
  return captures;
}

/** The print has LF and some bodies unpacked: the bytes get CRLF in the head, and a Content-Length that is true. */
function captureOf(source: string, block: string): Capture {
  const headEnd = block.indexOf("\n\n");
  const lines = (headEnd === -1 ? block : block.slice(0, headEnd)).trimEnd().split("\n");
  const body = headEnd === -1 ? "" : block.slice(headEnd + 2).trimEnd();
  const [startLine = "", ...all] = lines;
  const hadLength = all.some((line) => /^Content-Length/i.test(line));
  const fields = all.filter((line) => !/^Content-Length/i.test(line));
  const length = hadLength || body !== "" ? [`Content-Length: ${body.length}`] : []; // absent where it was absent
  const head = [startLine, ...fields, ...length].join("\r\n");
  return { source, startLine, fields, bytes: Buffer.from(`${head}\r\n\r\n${body}`, "latin1") };
}
