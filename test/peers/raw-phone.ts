import { type Challenge, readChallenge, writeAnswer } from "./digest-answer.ts";
import {
  type Draft,
  type FieldEdits,
  fieldOf,
  fieldsOf,
  type RawMessage,
  type RawWire,
  readMessage,
  statusOf,
  token,
  writeRequest,
  writeResponse,
} from "./raw-sip.ts";

export interface RawPhoneOptions {
  readonly wire: RawWire;
  readonly aor: string; // alice@sip.test
  readonly password: string;
  readonly username?: string; // the user part of the AOR if absent
  readonly algorithm?: "SHA-256" | "MD5"; // the first that is offered if absent
}

/** Retransmissions over UDP. RFC 3261 §17.1.2.2. */
const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_F_MS = 64 * T1_MS;

/** A user agent in a few lines over a raw wire: registers, sends one MESSAGE after the other, answers what comes. */
export class RawPhone {
  readonly aor: string;
  readonly wire: RawWire;
  /** The requests that came, retransmissions too. */
  readonly requests: RawMessage[] = [];
  /** The status with which it answers a request; undefined: not at all. */
  answer: (request: RawMessage) => number | undefined = () => 200;
  onRequest: (request: RawMessage) => void = () => {};
  readonly #options: RawPhoneOptions;
  readonly #waiting = new Map<string, (response: RawMessage) => void>();
  #challenge: Challenge | undefined;
  #answered = 0; // times that the nonce was used
  #cseq = 0;

  constructor(options: RawPhoneOptions) {
    this.#options = options;
    this.aor = options.aor;
    this.wire = options.wire;
    this.wire.onMessage((message) => this.#onMessage(message));
  }

  /** The bodies of the MESSAGEs that came. */
  get texts(): readonly string[] {
    return this.requests.map(({ body }) => body.toString("utf8"));
  }

  get contact(): string {
    const { address, port, protocol } = this.wire;
    return `<sip:${this.aor.slice(0, this.aor.indexOf("@"))}@${address}:${port};transport=${protocol.toLowerCase()}>`;
  }

  register(expiresSeconds = 600): Promise<RawMessage> {
    const domain = this.aor.slice(this.aor.indexOf("@") + 1);
    const fields = { Contact: this.contact, Expires: String(expiresSeconds) };
    return this.request({ method: "REGISTER", uri: `sip:${domain}`, fields });
  }

  /** To a SIP URI without its scheme. */
  message(to: string, body: string | Buffer, fields: FieldEdits = {}): Promise<RawMessage> {
    return this.request({ method: "MESSAGE", uri: `sip:${to}`, body, fields });
  }

  /** As phones do it: the credentials of last time at once, one more try for a new challenge. Gives the final response. */
  async request(draft: Draft): Promise<RawMessage> {
    const dialog = { From: `<sip:${this.aor}>;tag=${token()}`, "Call-ID": token() };
    const attempt = (): Promise<RawMessage> =>
      this.once({ ...draft, fields: { ...dialog, ...this.credentials(draft), ...draft.fields } });
    const first = await attempt();
    if (![401, 407].includes(statusOf(first))) return first;
    this.take(first);
    return attempt();
  }

  /** One request as it is drafted, from our AOR, with no credentials of its own making. */
  once(draft: Draft): Promise<RawMessage> {
    this.#cseq += 1;
    const own = {
      From: `<sip:${this.aor}>;tag=${token()}`,
      ...(draft.method === "REGISTER" ? { To: `<sip:${this.aor}>` } : {}),
      CSeq: `${this.#cseq} ${draft.method}`,
    };
    return this.#transact(writeRequest({ ...draft, fields: { ...own, ...draft.fields } }, this.wire));
  }

  /** Remembers the challenge of a 401 or 407. */
  take(response: RawMessage): void {
    const offered = challengesOf(response);
    const { algorithm } = this.#options;
    this.#challenge = offered.find((each) => algorithm === undefined || each.algorithm === algorithm);
    this.#answered = 0;
  }

  /** For the next request: the answer to the challenge that was remembered last. */
  credentials({ method, uri }: Pick<Draft, "method" | "uri">): FieldEdits {
    if (this.#challenge === undefined) return {};
    this.#answered += 1;
    return this.credentialsFor({ method, uri, challenge: this.#challenge, count: this.#answered });
  }

  credentialsFor(parts: { method: string; uri: string; challenge: Challenge; count: number }): FieldEdits {
    const { password, username = this.aor.slice(0, this.aor.indexOf("@")) } = this.#options;
    const name = parts.method === "REGISTER" ? "Authorization" : "Proxy-Authorization";
    return { [name]: writeAnswer({ ...parts, username, password }) };
  }

  #transact(bytes: Buffer): Promise<RawMessage> {
    const request = readMessage(bytes);
    const key = request === undefined ? "" : keyOf(request);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const giveUp = setTimeout(() => {
        clearTimeout(timer);
        reject(new Error(`no final response to ${request?.startLine}`));
      }, TIMER_F_MS);
      this.#waiting.set(key, (response) => {
        clearTimeout(timer);
        clearTimeout(giveUp);
        resolve(response);
      });
      const send = (nextMs: number): void => {
        this.wire.send(bytes);
        if (this.wire.protocol === "UDP") timer = setTimeout(() => send(Math.min(2 * nextMs, T2_MS)), nextMs);
      };
      send(T1_MS);
    });
  }

  #onMessage(message: RawMessage): void {
    const status = statusOf(message);
    if (status === 0) this.#onRequest(message);
    if (status < 200) return;
    const key = keyOf(message);
    this.#waiting.get(key)?.(message);
    this.#waiting.delete(key);
  }

  #onRequest(request: RawMessage): void {
    this.requests.push(request);
    const status = this.answer(request);
    if (status !== undefined) this.wire.send(writeResponse(request, status, status === 200 ? "OK" : "No"));
    this.onRequest(request);
  }
}

/** The challenges of a response, in their order. */
export function challengesOf(response: RawMessage): readonly Challenge[] {
  return [...fieldsOf(response, "www-authenticate"), ...fieldsOf(response, "proxy-authenticate")].map(readChallenge);
}

/** RFC 3261 §17.1.3. */
function keyOf(message: RawMessage): string {
  const branch = /;branch=([^;\s]+)/.exec(fieldOf(message, "via") ?? "")?.[1] ?? "";
  return `${branch} ${fieldOf(message, "cseq")?.split(" ").at(-1)}`;
}
