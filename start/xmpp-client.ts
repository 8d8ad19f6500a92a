import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import xml, { type Element } from "@xmpp/xml";
import { clientFinalMessage, clientFirstMessage, isServerGenuine, SCRAM_MECHANISMS } from "./scram.ts";

export interface XmppClientOptions {
  readonly host: string;
  readonly port: number;
  readonly jid: string; // bare
  readonly password: string;
}

const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const NS_BIND = "urn:ietf:params:xml:ns:xmpp-bind";

/** Far longer than a server on this machine takes. */
const ANSWER_WITHIN_MS = 10_000;

/** A client connection without TLS, for servers on the loopback. RFC 6120: stream, SASL SCRAM, resource binding. */
export class XmppClient {
  readonly #socket: Socket;
  readonly #domain: string;
  readonly #inbox: Element[] = [];
  #wake: (() => void) | undefined;
  #problem: string | undefined;
  #parser = new xml.Parser();

  private constructor(socket: Socket, domain: string) {
    this.#socket = socket.setEncoding("utf8").setNoDelay(true);
    this.#domain = domain;
    socket.on("data", (text: Buffer | string) => this.#read(String(text)));
    socket.on("error", (problem) => this.#fail(problem.message));
    socket.on("close", () => this.#fail("the server closed the connection"));
  }

  /** Rejects with what failed, in words. */
  static async connect({ host, port, jid, password }: XmppClientOptions): Promise<XmppClient> {
    const [username = "", domain = ""] = jid.split("@");
    const client = new XmppClient(connect({ host, port }), domain);
    try {
      await client.#logIn(username, password);
      return client;
    } catch (problem) {
      client.#socket.destroy();
      throw problem;
    }
  }

  send(stanza: Element): void {
    this.#socket.write(stanza.toString());
  }

  /** The next stanza that fits; others are passed over. Rejects when none has come in time. */
  async receive(what: string, fits: (stanza: Element) => boolean, timeoutMs = ANSWER_WITHIN_MS): Promise<Element> {
    const endsAt = Date.now() + timeoutMs;
    for (;;) {
      const stanza = this.#inbox.shift();
      if (stanza !== undefined && fits(stanza)) return stanza;
      if (stanza !== undefined) continue;
      if (this.#problem !== undefined) throw new Error(`XMPP: waiting for ${what}: ${this.#problem}`);
      if (Date.now() >= endsAt) throw new Error(`XMPP: no ${what} within ${timeoutMs / 1000} s`);
      await this.#somethingNew(endsAt - Date.now());
    }
  }

  /** Unavailable presence follows by itself when the stream is closed. RFC 6121 §4.5.2. */
  close(): void {
    this.#socket.end("</stream:stream>");
  }

  async #logIn(username: string, password: string): Promise<void> {
    const features = await this.#openStream();
    await this.#authenticate(features, username, password);
    await this.#openStream();
    const bind = xml("bind", { xmlns: NS_BIND });
    this.send(xml("iq", { type: "set", id: "bind" }, bind));
    const bound = await this.receive("a resource", (stanza) => stanza.attrs["id"] === "bind");
    if (bound.attrs["type"] !== "result") throw new Error("XMPP: the server bound no resource");
  }

  /** RFC 6120 §4.2, §4.3.2. */
  #openStream(): Promise<Element> {
    this.#parser = new xml.Parser();
    this.#parser.on("element", (element) => this.#take(element));
    this.#parser.on("error", (problem) => this.#fail(problem.message));
    this.#socket.write(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ` +
        `version='1.0' to='${this.#domain}'>`,
    );
    return this.receive("stream features", (element) => element.name === "stream:features");
  }

  /** RFC 6120 §6.4. */
  async #authenticate(features: Element, username: string, password: string): Promise<void> {
    const offered = features.getChild("mechanisms", NS_SASL)?.getChildElements() ?? [];
    const mechanism = SCRAM_MECHANISMS.find((name) => offered.some((element) => element.getText() === name));
    if (mechanism === undefined) throw new Error("XMPP: the server offers no SCRAM without TLS");
    const input = { mechanism, username, password, nonce: randomBytes(18).toString("base64") };
    this.send(xml("auth", { xmlns: NS_SASL, mechanism }, toBase64(clientFirstMessage(input))));
    const challenge = await this.#saslAnswer("challenge");
    const final = clientFinalMessage(input, challenge);
    if (final === undefined) throw new Error("XMPP: the server's SCRAM challenge is not fit");
    this.send(xml("response", { xmlns: NS_SASL }, toBase64(final.message)));
    const proof = await this.#saslAnswer("success");
    if (!isServerGenuine(proof, final.serverSignature)) throw new Error("XMPP: the server does not know the password");
  }

  async #saslAnswer(wanted: "challenge" | "success"): Promise<string> {
    const answer = await this.receive(`a SASL ${wanted}`, (element) => element.getNS() === NS_SASL);
    if (answer.name === wanted) return Buffer.from(answer.getText(), "base64").toString("utf8");
    const condition = answer.getChildElements()[0]?.name ?? answer.name;
    throw new Error(`XMPP: signing in failed: ${condition}`);
  }

  #read(text: string): void {
    try {
      this.#parser.write(text);
    } catch (problem) {
      this.#fail((problem as Error).message);
    }
  }

  #take(element: Element): void {
    this.#inbox.push(element);
    this.#wake?.();
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
    this.#wake?.();
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

function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}
