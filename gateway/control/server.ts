import { lstatSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Logger } from "pino";
import { z } from "zod";
import { didYouMean } from "../nearest-name.ts";
import type { Appliance } from "./appliance.ts";
import { type Caller, type Misuse, type Operation, type Outcome, performAudited } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

export interface ControlServerOptions {
  /** Of the UNIX socket. */
  readonly path: string;
  readonly appliance: Appliance;
  readonly log: Logger;
}

/** An answer of the control API: HTTP status and JSON. */
interface Reply {
  readonly status: number;
  readonly json: unknown;
}

type Body = Buffer | "too large";

interface Request {
  readonly method: string;
  readonly url: string;
  readonly body: Body;
}

/** The largest input by far is a password; this only keeps a stray client from filling the memory. */
const MAX_BODY_BYTES = 1024 * 1024;
/** A call comes from this machine and is small: who has not sent it by then will not. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Operators and their scripts; each connection costs a file descriptor that SIP needs too. */
const MAX_CONNECTIONS = 64;
const PREFIX = "/v1/";
/** The socket is mode 0600: whoever speaks here runs as our user or as root, and all of them look alike. */
const CALLER: Caller = { name: "cli" };

/** The control API: HTTP over a UNIX socket that only our own user can open. */
export class ControlServer {
  readonly #appliance: Appliance;
  readonly #log: Logger;
  readonly #server: Server;
  /** Changing operations run one after another, so that none sees half of another's work. */
  #lastChange: Promise<unknown> = Promise.resolve();
  readonly #underWay = new Set<Promise<void>>(); // at most one for each connection

  constructor({ appliance, log }: Pick<ControlServerOptions, "appliance" | "log">) {
    this.#appliance = appliance;
    this.#log = log;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("request", (request, response) => void this.#serve(request, response));
  }

  /** The socket file is there, open to our own user alone, when this resolves. */
  async listen(path: string): Promise<void> {
    await removeStaleSocket(path);
    await listenPrivately(this.#server, path);
  }

  /** Finishes the calls under way, hangs up on everybody else; the socket file goes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(this.#underWay);
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === "cut off") return;
    const call = this.#answer(request, response, body);
    this.#underWay.add(call);
    await call;
    this.#underWay.delete(call);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, body: Body): Promise<void> {
    const { method = "", url = "" } = request;
    const reply = await this.#reply({ method, url, body }).catch((error: unknown): Reply => {
      this.#log.error({ err: error, url }, "operation failed");
      return failure(500, "the operation failed inside Parley: its log says why");
    });
    const gone = new Promise<void>((resolve) => response.once("close", resolve));
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(`${JSON.stringify(reply.json)}\n`);
    await gone;
  }

  async #reply({ method, url, body }: Request): Promise<Reply> {
    if (!url.startsWith(PREFIX)) return failure(404, `there is nothing at ${url}: operations are at ${PREFIX}NAME`);
    const name = url.slice(PREFIX.length);
    if (name === "operations") return method === "GET" ? { status: 200, json: LISTING } : failure(405, "use GET");
    const operation = OPERATIONS.find((known) => known.name === name);
    if (operation === undefined) return failure(404, unknownOperation(name));
    if (method !== "POST") return failure(405, "use POST");
    if (body === "too large") return failure(413, `the input has more than ${MAX_BODY_BYTES} bytes`);
    const input = parseInput(body);
    if (!input.ok) return failure(400, input.why);
    return replyTo(await this.#perform(operation, input.value));
  }

  #perform(operation: Operation, input: unknown): Promise<Outcome<unknown> | Misuse> {
    const call = { appliance: this.#appliance, input, caller: CALLER, log: this.#log };
    if (!operation.changes) return performAudited(operation, call);
    const outcome = this.#lastChange.then(() => performAudited(operation, call));
    this.#lastChange = outcome.catch(() => {});
    return outcome;
  }
}

/** Rejects when another daemon answers on the socket, or when the path cannot be used. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const control = new ControlServer(options);
  await control.listen(options.path);
  return control;
}

const LISTING = {
  result: OPERATIONS.map(({ name, summary, changes, input }) => {
    return { name, summary, changes, input: z.toJSONSchema(input, { io: "input" }) };
  }),
};

function replyTo(outcome: Outcome<unknown> | Misuse): Reply {
  switch (outcome.outcome) {
    case "done":
      return { status: 200, json: { result: outcome.result } };
    case "refused":
      return { status: 409, json: { refused: { code: outcome.code, message: outcome.message } } };
    case "misused":
      return failure(400, outcome.message);
  }
}

function failure(status: number, message: string): Reply {
  return { status, json: { error: { message } } };
}

function unknownOperation(name: string): string {
  const names = OPERATIONS.map((known) => known.name);
  return `there is no operation ${JSON.stringify(name)}${didYouMean(name, names)}`;
}

/** A body that is too large is read to its end and thrown away, so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<Body | "cut off"> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    return "cut off";
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : "too large";
}

/** No body means an input without fields. */
function parseInput(body: Buffer): { readonly ok: true; readonly value: unknown } | { ok: false; why: string } {
  if (body.length === 0) return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(body.toString("utf8")) };
  } catch (error) {
    return { ok: false, why: `the input is not JSON: ${(error as Error).message}` };
  }
}

/** The umask holds from before the file exists, so there is no moment in which others could open it. */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`control socket ${path}: ${error.message}`, { cause: error })));
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve); // binds before it returns
    } finally {
      process.umask(before);
    }
  });
}

/** Removes what a daemon that died has left behind. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Error(`control socket ${path}: another file is there: remove it or choose another path`);
  if (await answers(path)) {
    throw new Error(`control socket ${path}: another Parley answers there: stop it first, or choose another path`);
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(new Error(`control socket ${path}: ${error.message}`, { cause: error }));
    });
  });
}
