import { resolve } from "node:path";
import { JsonPeer, type PeerEvent } from "./json-peer.ts";
import { temporaryFolder } from "./peer-process.ts";

export interface SlixmppOptions {
  readonly jid: string; // juliet@xmpp.test, with a resource or without
  readonly password: string;
  readonly host: string;
  readonly port: number;
}

export interface SlixmppOutgoing {
  readonly to: string;
  readonly body?: string;
  readonly type?: "chat" | "normal" | "headline" | "groupchat"; // default: chat
  readonly id?: string;
  readonly thread?: string;
  readonly subject?: string;
  readonly lang?: string;
  readonly chatState?: "active" | "composing" | "paused" | "inactive" | "gone"; // XEP-0085
  readonly requestReceipt?: boolean; // XEP-0184
}

export interface SlixmppError {
  readonly type: string;
  readonly condition: string;
  readonly text: string;
  readonly by: string;
}

export interface SlixmppMessage {
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly type: string;
  readonly lang: string;
  readonly body: string;
  readonly subject: string;
  readonly thread: string;
  readonly receipt: string; // id of the message that a XEP-0184 receipt is for
  readonly chatState: string;
  readonly error: SlixmppError | null;
  readonly xml: string;
}

export interface SlixmppPresence {
  readonly from: string;
  readonly to: string;
  readonly type: string; // available, away, …; unavailable, subscribe, subscribed, error, …
  readonly status: string;
  readonly error: SlixmppError | null;
  readonly xml: string;
}

/** An XMPP client that shows exact stanzas (Debian: python3-slixmpp), driven by slixmpp-peer.py. Answers receipts. */
export class Slixmpp {
  readonly #peer: JsonPeer;

  constructor(options: SlixmppOptions) {
    const { jid, password, host, port } = options;
    this.#peer = new JsonPeer({
      command: "/usr/bin/python3", // Debian's, whatever else the PATH has
      args: [resolve("test/peers/slixmpp-peer.py"), jid, password, host, String(port)],
      debianPackage: "python3 python3-slixmpp",
      folder: temporaryFolder("slixmpp"),
    });
  }

  /** Its full JID, once the session has begun and its presence is sent. */
  async online(): Promise<string> {
    const event = await this.#peer.until("a session", (each) => each.event === "online" || each.event === "failed");
    if (event.event === "failed") throw new Error(`slixmpp: no session: ${event["why"]}`);
    return event["jid"] as string;
  }

  get messages(): readonly SlixmppMessage[] {
    return this.#peer.events.filter((event) => event.event === "message").map(toMessage);
  }

  get presences(): readonly SlixmppPresence[] {
    return this.#peer.events.filter((event) => event.event === "presence").map(toPresence);
  }

  send(message: SlixmppOutgoing): void {
    this.#peer.command("message", { ...message });
  }

  sendPresence(presence: {
    readonly to?: string;
    readonly type?: string;
    readonly show?: string;
    readonly status?: string;
    readonly priority?: number;
  }): void {
    this.#peer.command("presence", { ...presence });
  }

  /** Asks the server for copies of what its user's other clients get and send; resolves when they will come. XEP-0280 */
  async enableCarbons(): Promise<void> {
    this.#peer.command("carbons");
    await this.#peer.until("carbons", ({ event }) => event === "carbons");
  }

  /** Sends one element as it is written; it has to be well-formed. */
  sendXml(xml: string): void {
    this.#peer.command("xml", { xml });
  }

  /** Whether it answers XEP-0184 requests; on at first. */
  answerReceipts(on: boolean): void {
    this.#peer.command("receipts", { on });
  }

  /** The first message stanza, past or to come, that fits. */
  async message(what: string, fits: (message: SlixmppMessage) => boolean, timeoutMs?: number): Promise<SlixmppMessage> {
    const wanted = (event: PeerEvent): boolean => event.event === "message" && fits(toMessage(event));
    return toMessage(await this.#peer.until(what, wanted, timeoutMs));
  }

  received(body: string, timeoutMs?: number): Promise<SlixmppMessage> {
    return this.message(
      `the message ${JSON.stringify(body)}`,
      (message) => message.body === body && message.error === null,
      timeoutMs,
    );
  }

  /** The error that came back for the message with this id. */
  async error(id: string, timeoutMs?: number): Promise<SlixmppError> {
    const message = await this.message(
      `an error for ${id}`,
      (each) => each.id === id && each.error !== null,
      timeoutMs,
    );
    if (message.error === null) throw new Error(`${id} was no error`);
    return message.error;
  }

  /** The XEP-0184 receipt for the message with this id. */
  receipt(id: string, timeoutMs?: number): Promise<SlixmppMessage> {
    return this.message(`a receipt for ${id}`, (message) => message.receipt === id, timeoutMs);
  }

  async presence(
    what: string,
    fits: (presence: SlixmppPresence) => boolean,
    timeoutMs?: number,
  ): Promise<SlixmppPresence> {
    const wanted = (event: PeerEvent): boolean => event.event === "presence" && fits(toPresence(event));
    return toPresence(await this.#peer.until(what, wanted, timeoutMs));
  }

  /** Closes the stream and ends. */
  stop(): Promise<void> {
    return this.#peer.stop();
  }

  /** Ends without closing the stream; `stop` is still to be called. */
  kill(): Promise<void> {
    return this.#peer.kill();
  }
}

const text = (event: PeerEvent, field: string): string => String(event[field] ?? "");

function toMessage(event: PeerEvent): SlixmppMessage {
  return {
    ...toPresence(event),
    id: text(event, "id"),
    lang: text(event, "lang"),
    body: text(event, "body"),
    subject: text(event, "subject"),
    thread: text(event, "thread"),
    receipt: text(event, "receipt"),
    chatState: text(event, "chatState"),
  };
}

function toPresence(event: PeerEvent): SlixmppPresence {
  return {
    from: text(event, "from"),
    to: text(event, "to"),
    type: text(event, "type"),
    status: text(event, "status"),
    error: (event["error"] ?? null) as SlixmppError | null,
    xml: text(event, "xml"),
  };
}
