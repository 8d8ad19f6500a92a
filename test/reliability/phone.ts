import { createSocket, type Socket } from "node:dgram";
import { type Challenge, readChallenge, writeAnswer } from "../peers/digest-answer.ts";
import {
  type FieldEdits,
  fieldOf,
  fieldsOf,
  type RawMessage,
  readMessage,
  statusOf,
  token,
  writeRequest,
  writeResponse,
} from "../peers/raw-sip.ts";

export interface PhoneOptions {
  readonly aor: string;
  readonly password: string;
  readonly gatewayPort: number;
  /** Whether the next packet is lost, asked for each packet in each direction. */
  readonly drops: () => boolean;
}

/** Retransmissions of a non-INVITE request over UDP. RFC 3261 §17.1.2.2. */
const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_F_MS = 64 * T1_MS;

/** Answers kept for retransmissions, the oldest going first: more than come within timer J (RFC 3261 §17.2.2) in any run. */
const MAX_KEPT_ANSWERS = 20_000;

const REGISTERED_SECONDS = 7_200; // longer than any run

/** A request that may be sent more than once, each time as a new transaction of the same Call-ID. */
interface Call {
  readonly method: string;
  readonly uri: string;
  readonly fields: FieldEdits;
  readonly body: string;
}

/**
 * A SIP phone on UDP: registers, sends MESSAGEs with timers E and F, absorbs retransmissions of what it gets. It knows
 * nothing of the gateway's code, and can lose packets as a bad wireless network does.
 */
export class Phone {
  readonly aor: string;
  /** An IM on the screen, and its Call-ID. */
  onIm: (body: string, callId: string) => void = () => {};
  readonly #options: PhoneOptions;
  readonly #socket: Socket;
  readonly #open = new Map<string, (response: RawMessage) => void>(); // by branch
  readonly #answers = new Map<string, Buffer>(); // by branch
  #challenge: Challenge | undefined;
  #nonceCount = 0;
  #cseq = 0;

  private constructor(options: PhoneOptions, socket: Socket) {
    this.aor = options.aor;
    this.#options = options;
    this.#socket = socket;
    socket.on("error", () => undefined); // a gateway that is away is what is tested
    socket.on("message", (bytes) => this.#onBytes(bytes));
  }

  /** Resolves when it is registered. */
  static async register(options: PhoneOptions): Promise<Phone> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const phone = new Phone(options, socket);
    const status = await phone.#register();
    if (status !== 200) throw new Error(`REGISTER of ${options.aor}: ${status ?? "no answer"}`);
    return phone;
  }

  /**
   * The status of the final response. Undefined: none came, also not for a second try, which a phone's user makes with the
   * first one's Call-ID and a higher CSeq.
   */
  async message(to: string, body: string): Promise<number | undefined> {
    const fields = { To: `<sip:${to}>`, "Call-ID": token(), From: `<sip:${this.aor}>;tag=${token()}` };
    const call: Call = { method: "MESSAGE", uri: `sip:${to}`, fields, body };
    return (await this.#request(call)) ?? (await this.#request(call));
  }

  close(): void {
    this.#socket.close();
  }

  #register(): Promise<number | undefined> {
    const [user, domain] = this.aor.split("@");
    const { port } = this.#socket.address();
    const fields = {
      To: `<sip:${this.aor}>`,
      From: `<sip:${this.aor}>;tag=${token()}`,
      "Call-ID": token(),
      Contact: `<sip:${user}@127.0.0.1:${port}>`,
      Expires: String(REGISTERED_SECONDS),
    };
    return this.#request({ method: "REGISTER", uri: `sip:${domain}`, fields, body: "" });
  }

  /** One more try for each new challenge, but for a second one that is not about a stale nonce. RFC 3261 §22.2. */
  async #request(call: Call): Promise<number | undefined> {
    for (let challenged = 0; ; challenged += 1) {
      const response = await this.#transact(call);
      if (response === undefined) return undefined;
      const status = statusOf(response);
      if (![401, 407].includes(status) || challenged === 3) return status;
      this.#challenge = challengeOf(response);
      this.#nonceCount = 0;
    }
  }

  #transact(call: Call): Promise<RawMessage | undefined> {
    const branch = `z9hG4bK${token()}`;
    const bytes = this.#write(call, branch);
    return new Promise((resolve) => {
      let retransmit: NodeJS.Timeout;
      const send = (nextMs: number): void => {
        this.#send(bytes);
        retransmit = setTimeout(send, nextMs, Math.min(2 * nextMs, T2_MS));
      };
      const finish = (response: RawMessage | undefined): void => {
        clearTimeout(retransmit);
        clearTimeout(timerF);
        this.#open.delete(branch);
        resolve(response);
      };
      const timerF = setTimeout(finish, TIMER_F_MS, undefined);
      this.#open.set(branch, finish);
      send(T1_MS);
    });
  }

  #write({ method, uri, fields, body }: Call, branch: string): Buffer {
    const { port } = this.#socket.address();
    this.#cseq += 1;
    const own = {
      Via: `SIP/2.0/UDP 127.0.0.1:${port};branch=${branch};rport`,
      CSeq: `${this.#cseq} ${method}`,
      ...this.#credentials(method, uri),
    };
    const sender = { protocol: "UDP", address: "127.0.0.1", port } as const;
    return writeRequest({ method, uri, fields: { ...fields, ...own }, body }, sender);
  }

  #credentials(method: string, uri: string): FieldEdits {
    if (this.#challenge === undefined) return {};
    this.#nonceCount += 1;
    const name = method === "REGISTER" ? "Authorization" : "Proxy-Authorization";
    const username = this.aor.slice(0, this.aor.indexOf("@"));
    const parts = { challenge: this.#challenge, count: this.#nonceCount, password: this.#options.password };
    return { [name]: writeAnswer({ ...parts, username, method, uri }) };
  }

  #send(bytes: Buffer): void {
    if (!this.#options.drops()) this.#socket.send(bytes, this.#options.gatewayPort, "127.0.0.1");
  }

  #onBytes(bytes: Buffer): void {
    if (this.#options.drops()) return;
    const message = readMessage(bytes);
    if (message === undefined) return;
    const status = statusOf(message);
    if (status === 0) this.#onRequest(message);
    if (status >= 200) this.#open.get(branchOf(message))?.(message);
  }

  #onRequest(request: RawMessage): void {
    const branch = branchOf(request);
    const known = this.#answers.get(branch);
    const answer = known ?? writeResponse(request, 200, "OK");
    this.#send(answer);
    if (known !== undefined) return;
    this.#answers.set(branch, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_KEPT_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    this.onIm(request.body.toString("utf8"), fieldOf(request, "call-id") ?? "");
  }
}

/** The last that is offered: MD5 where there is a choice, which costs a load generator least. */
function challengeOf(response: RawMessage): Challenge | undefined {
  return [...fieldsOf(response, "www-authenticate"), ...fieldsOf(response, "proxy-authenticate")]
    .map(readChallenge)
    .at(-1);
}

/** RFC 3261 §17.1.3 and §17.2.3: of the topmost Via. */
function branchOf(message: RawMessage): string {
  return /;branch=([^;\s]+)/.exec(fieldOf(message, "via") ?? "")?.[1] ?? "";
}
