import { type IncomingMessage, request } from "node:http";
import type { OperationRefusal } from "./operation.ts";
import type { InputOf, OperationName, ResultOf } from "./operations.ts";

export interface ControlAddress {
  readonly path: string; // of the UNIX socket
  readonly configFile: string; // named in the advice when nobody answers
}

/** What became of a call. `failed`: it was not understood, it broke, or nobody answered. */
export type Answer<Result> =
  | { readonly outcome: "done"; readonly result: Result }
  | ({ readonly outcome: "refused" } & OperationRefusal)
  | { readonly outcome: "failed"; readonly message: string };

/** Longer than any operation takes; a daemon that is silent for so long hangs. */
const ANSWER_TIMEOUT_MS = 30_000;
/** A list of all accounts of a large site has some megabytes; more is not from us. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Calls one operation of the running daemon. Never rejects. */
export async function callOperation<Name extends OperationName>(
  address: ControlAddress,
  name: Name,
  input: InputOf<Name>,
): Promise<Answer<ResultOf<Name>>> {
  try {
    return answerFrom(JSON.parse(await post(address.path, name, JSON.stringify(input))));
  } catch (error) {
    return { outcome: "failed", message: troubleWith(address, error as NodeJS.ErrnoException) };
  }
}

function post(socketPath: string, name: OperationName, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const outgoing = request({ socketPath, path: `/v1/${name}`, method: "POST", headers, agent: false }, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => outgoing.destroy(new Error("no answer within 30 seconds")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The daemon and this client come from one package, so the form of a result is not checked again. */
function answerFrom<Result>(json: unknown): Answer<Result> {
  const answer = json as { result?: Result; refused?: OperationRefusal; error?: { message: string } };
  if (answer.refused !== undefined) return { outcome: "refused", ...answer.refused };
  if (answer.error !== undefined) return { outcome: "failed", message: answer.error.message };
  return { outcome: "done", result: answer.result as Result };
}

function troubleWith({ path, configFile }: ControlAddress, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return `Parley is not running (no answer on ${path}). Start it with: parley serve --config ${configFile}`;
    case "EACCES":
    case "EPERM":
      return `${path} may only be opened by the user that Parley runs as, and by root`;
    default:
      return `Parley did not answer on ${path}: ${error.message}`;
  }
}
