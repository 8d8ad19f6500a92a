import { randomBytes } from "node:crypto";
import { pino } from "pino";
import type { Clock } from "../sip/clock.ts";
import { authorization, pickChallenge } from "../sip/digest-client.ts";
import { EmbeddedSipEngine } from "../sip/embedded/engine.ts";
import type { OutgoingRequest } from "../sip/engine.ts";
import type { Flow } from "../sip/flow.ts";
import type { HeaderField } from "../sip/header-fields.ts";
import type { SipResponse } from "../sip/message.ts";

export interface SipClientOptions {
  readonly server: { readonly protocol: "udp" | "tcp"; readonly address: string; readonly port: number };
  readonly aor: string; // user@domain
  readonly password: string;
}

const clock: Clock = {
  now: Date.now,
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** A phone without a face: registers, sends and receives instant messages. RFC 3261 §10.2, RFC 3428. */
export class SipClient {
  readonly #options: SipClientOptions;
  readonly #engine: EmbeddedSipEngine;
  readonly #received: string[] = [];
  #local: Flow | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SipClientOptions) {
    const { protocol, address } = options.server;
    const local = address.includes(":") ? "::1" : "127.0.0.1";
    this.#options = options;
    this.#engine = new EmbeddedSipEngine({
      listen: [{ protocol, address: local, port: 0 }],
      clock,
      log: pino({ level: "silent" }),
    });
    this.#engine.on("MESSAGE", (request, responder) => {
      this.#received.push(request.body.toString("utf8"));
      responder.respond(200);
      this.#wake?.();
    });
  }

  /** Opens a port of its own and registers it; gives the final response. */
  async register(expiresSeconds: number): Promise<SipResponse> {
    [this.#local] = await this.#engine.start();
    const [user = "", domain = ""] = this.#options.aor.split("@");
    const { address, port } = this.#local?.local ?? { address: "", port: 0 };
    const host = address.includes(":") ? `[${address}]` : address;
    const contact = `<sip:${user}@${host}:${port};transport=${this.#options.server.protocol}>`;
    const headers: readonly HeaderField[] = [
      ["Contact", contact],
      ["Expires", String(expiresSeconds)],
    ];
    return this.#request({ method: "REGISTER", uri: `sip:${domain}`, to: this.#ownAddress, headers });
  }

  /** Sends one text; gives the final response. */
  send(to: string, text: string): Promise<SipResponse> {
    const headers: readonly HeaderField[] = [["Content-Type", "text/plain;charset=utf-8"]];
    return this.#request({ method: "MESSAGE", uri: to, to: `<${to}>`, headers, body: Buffer.from(text) });
  }

  /** Resolves with true once a message with this text has come, with false when the time is over. */
  async receive(text: string, timeoutMs: number): Promise<boolean> {
    const endsAt = Date.now() + timeoutMs;
    while (!this.#received.includes(text)) {
      if (Date.now() >= endsAt) return false;
      await this.#somethingNew(endsAt - Date.now());
    }
    return true;
  }

  stop(): Promise<void> {
    return this.#engine.stop(0);
  }

  get #ownAddress(): string {
    return `<sip:${this.#options.aor}>`;
  }

  /** Answers one challenge. RFC 3261 §22.2, §22.3. */
  async #request(what: Omit<OutgoingRequest, "from">): Promise<SipResponse> {
    const { protocol, address, port } = this.#options.server;
    const host = address.includes(":") ? `[${address}]` : address;
    const route: HeaderField = ["Route", `<sip:${host}:${port};transport=${protocol};lr>`];
    const callId = randomBytes(12).toString("hex");
    const headers = [route, ...(what.headers ?? [])];
    const request = { ...what, from: this.#ownAddress, callId, cseq: 1, headers };
    const response = await this.#engine.request(request);
    const credentials = this.#credentials(response, request);
    if (credentials === undefined) return response;
    return this.#engine.request({ ...request, cseq: 2, headers: [...headers, credentials] });
  }

  #credentials(response: SipResponse, request: OutgoingRequest): HeaderField | undefined {
    const [challengeField, answerField] =
      response.status === 407 ? ["Proxy-Authenticate", "Proxy-Authorization"] : ["WWW-Authenticate", "Authorization"];
    const challenge = pickChallenge(response.fields.all(challengeField));
    if (challenge === undefined || (response.status !== 401 && response.status !== 407)) return undefined;
    const value = authorization({
      challenge,
      method: request.method,
      uri: request.uri,
      username: this.#options.aor.slice(0, this.#options.aor.indexOf("@")),
      secret: { password: this.#options.password },
      nc: 1,
      cnonce: randomBytes(12).toString("hex"),
    });
    return [answerField, value];
  }

  #somethingNew(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
