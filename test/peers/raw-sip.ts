import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect } from "node:net";

/**
 * SIP as bytes, for tests that send what no phone would: nothing here is code of the gateway, so that it judges on its own.
 * Heads are latin1.
 */
export interface RawMessage {
  readonly startLine: string;
  readonly fields: readonly RawField[];
  readonly body: Buffer;
}

type RawField = readonly [name: string, value: string]; // the name in lower case and written out

/** In place of, or beside, the usual fields: null leaves one out, a list writes one line for each. */
export type FieldEdits = Readonly<Record<string, string | readonly string[] | null>>;

export interface Draft {
  readonly method: string;
  readonly uri: string;
  readonly fields?: FieldEdits;
  readonly body?: Buffer | string;
}

/** RFC 3261 §7.3.3, RFC 6665 §8.2.1. */
const COMPACT: Readonly<Record<string, string>> = {
  c: "content-type",
  f: "from",
  i: "call-id",
  l: "content-length",
  m: "contact",
  t: "to",
  v: "via",
};

const BRANCH_COOKIE = "z9hG4bK"; // RFC 3261 §8.1.1.7

/** What `send` and an answer need to know of the sender's end. */
export interface Sender {
  readonly protocol: "UDP" | "TCP";
  readonly address: string;
  readonly port: number;
}

/** A request that is right, apart from the edits. */
export function writeRequest({ method, uri, fields, body = "" }: Draft, sender: Sender): Buffer {
  const content = Buffer.from(body);
  const usual = {
    Via: `SIP/2.0/${sender.protocol} ${sender.address}:${sender.port};branch=${BRANCH_COOKIE}${token()};rport`,
    "Max-Forwards": "70",
    From: `<sip:mallory@sip.test>;tag=${token()}`,
    To: `<${uri}>`,
    "Call-ID": token(),
    CSeq: `1 ${method}`,
    ...(content.length === 0 ? {} : { "Content-Type": "text/plain;charset=UTF-8" }),
    "Content-Length": String(content.length),
  };
  const lines = Object.entries<FieldEdits[string]>({ ...usual, ...fields }).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  return Buffer.concat([Buffer.from(`${method} ${uri} SIP/2.0\r\n${lines.join("")}\r\n`, "latin1"), content]);
}

/** The answer to a request, with the fields that RFC 3261 §8.2.6.2 copies. */
export function writeResponse(request: RawMessage, status: number, reason: string): Buffer {
  const copied = request.fields.filter(([name]) => ["via", "from", "call-id", "cseq"].includes(name));
  const to = fieldOf(request, "to") ?? "";
  const fields = [...copied, ["to", to.includes(";tag=") ? to : `${to};tag=${token()}`], ["content-length", "0"]];
  return Buffer.from(
    `SIP/2.0 ${status} ${reason}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    "latin1",
  );
}

/** Undefined while the head has not ended. */
export function readMessage(bytes: Buffer): RawMessage | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [startLine = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const fields = lines.map((line): RawField => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    return [COMPACT[name] ?? name, line.slice(colon + 1).trim()];
  });
  return { startLine, fields, body: bytes.subarray(end + 4) };
}

export function fieldsOf(message: RawMessage, name: string): readonly string[] {
  return message.fields.filter(([each]) => each === name).map(([, value]) => value);
}

export function fieldOf(message: RawMessage, name: string): string | undefined {
  return fieldsOf(message, name)[0];
}

/** 0 for a request. */
export function statusOf({ startLine }: RawMessage): number {
  return startLine.startsWith("SIP/2.0 ") ? Number(startLine.slice(8, 11)) : 0;
}

/** The Reason-Phrase as people read it. */
export function reasonOf({ startLine }: RawMessage): string {
  return Buffer.from(startLine.slice(12), "latin1").toString("utf8");
}

export function token(): string {
  return randomBytes(8).toString("hex");
}

/** One socket towards the gateway: bytes out, messages in. */
export interface RawWire extends Sender {
  /** Everything that came, oldest first. */
  readonly received: readonly RawMessage[];
  /** True once the gateway has ended the connection; never for UDP. */
  readonly ended: boolean;
  send(bytes: Buffer | string): void;
  onMessage(listener: (message: RawMessage) => void): void;
  close(): Promise<void>;
}

export interface WireOptions {
  readonly gatewayPort: number;
  readonly address?: string; // of our end, in 127.0.0.0/8
}

const LOOPBACK = "127.0.0.1";

export async function openUdpWire({ gatewayPort, address = LOOPBACK }: WireOptions): Promise<RawWire> {
  const inbox = new Inbox();
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  socket.on("error", () => undefined); // a gateway that is down is part of some tests
  socket.on("message", (bytes) => inbox.take(readMessage(bytes)));
  let open = true;
  return {
    protocol: "UDP",
    address,
    port: socket.address().port,
    received: inbox.messages,
    ended: false,
    send: (bytes) => socket.send(bytes, gatewayPort, LOOPBACK),
    onMessage: (listener) => inbox.listen(listener),
    close: async () => {
      if (open) await new Promise<void>((resolve) => socket.close(resolve));
      open = false;
    },
  };
}

export async function openTcpWire({ gatewayPort, address = LOOPBACK }: WireOptions): Promise<RawWire> {
  const inbox = new Inbox();
  const socket = connect({ port: gatewayPort, host: LOOPBACK, localAddress: address, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("error", reject).once("connect", resolve));
  let ended = false;
  let rest: Buffer = Buffer.alloc(0);
  socket.on("error", () => undefined); // seen as the end
  socket.on("end", () => {
    ended = true;
  });
  socket.on("close", () => {
    ended = true;
  });
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let cut = cutMessage(rest); cut !== undefined; cut = cutMessage(rest)) {
      inbox.take(cut.message);
      rest = cut.rest;
    }
  });
  return {
    protocol: "TCP",
    address,
    port: socket.localPort ?? 0,
    received: inbox.messages,
    get ended() {
      return ended;
    },
    send: (bytes) => void socket.write(bytes),
    onMessage: (listener) => inbox.listen(listener),
    close: async () => {
      if (socket.closed) return;
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.destroy();
      await closed;
    },
  };
}

/** The first message of a stream, by its Content-Length. RFC 3261 §18.3. */
function cutMessage(bytes: Buffer): { readonly message: RawMessage; readonly rest: Buffer } | undefined {
  const message = readMessage(bytes);
  if (message === undefined) return undefined;
  const length = Number(fieldOf(message, "content-length") ?? "0");
  if (message.body.length < length) return undefined;
  return { message: { ...message, body: message.body.subarray(0, length) }, rest: message.body.subarray(length) };
}

class Inbox {
  readonly messages: RawMessage[] = [];
  readonly #listeners: ((message: RawMessage) => void)[] = [];

  listen(listener: (message: RawMessage) => void): void {
    this.#listeners.push(listener);
  }

  take(message: RawMessage | undefined): void {
    if (message === undefined) return;
    this.messages.push(message);
    for (const listener of this.#listeners) listener(message);
  }
}
