import { resolve } from "node:path";
import { JsonPeer, type PeerEvent } from "./json-peer.ts";
import { temporaryFolder } from "./peer-process.ts";

export interface LinphoneOptions {
  readonly aor: string; // alice@sip.test
  readonly password: string;
  readonly proxy: string; // sip:127.0.0.1:5060
  readonly transport: "udp" | "tcp" | "tls";
  readonly format?: "plain" | "cpim"; // of what it sends; plain if absent, as Linphone does without a setting
}

export interface LinphoneMessage {
  readonly id: string; // of Linphone: the Call-ID, or the Message-ID of CPIM
  readonly from: string; // sip:juliet@xmpp.test
  readonly text: string | null;
  readonly contentType: string | null;
  readonly time: number; // that Linphone shows beside it, in seconds since the epoch
  readonly subject: string | null; // header fields of the MESSAGE
  readonly language: string | null;
}

/** Linphone shows that somebody writes, or that they do no more. */
export interface LinphoneComposing {
  readonly from: string; // sip:juliet@xmpp.test
  readonly active: boolean;
}

/** What Linphone shows beside a message that its user has sent. */
export type LinphoneDelivery =
  | "idle"
  | "in-progress"
  | "delivered"
  | "not-delivered"
  | "delivered-to-user"
  | "displayed"
  | "pending-delivery";

/** Linphone's own library (Debian: liblinphone) with an account of its own, driven by linphone-peer.py. */
export class Linphone {
  readonly #peer: JsonPeer;
  #sent = 0;

  constructor(options: LinphoneOptions) {
    const folder = temporaryFolder("linphone");
    this.#peer = new JsonPeer({
      command: "/usr/bin/python3", // Debian's, whatever else the PATH has
      args: [
        resolve("test/peers/linphone-peer.py"),
        folder,
        options.aor,
        options.password,
        options.proxy,
        options.transport,
        options.format ?? "plain",
      ],
      debianPackage: "python3 linphone-cli",
      folder,
    });
  }

  get events(): readonly PeerEvent[] {
    return this.#peer.events;
  }

  get messages(): readonly LinphoneMessage[] {
    return this.#peer.events.filter((event) => event.event === "message").map(toMessage);
  }

  async registered(): Promise<void> {
    const settled = (event: PeerEvent): boolean =>
      event.event === "registration" && (event["state"] === "registered" || event["state"] === "failed");
    const event = await this.#peer.until("a registration", settled);
    if (event["state"] === "failed") throw new Error(`Linphone: registration failed: ${event["text"]}`);
  }

  /** Gives the id that the `delivery` of this message is told under. */
  send(to: string, text: string, headers: Readonly<Record<string, string>> = {}): string {
    this.#sent += 1;
    const id = `sent-${this.#sent}`;
    this.#peer.command("send", { id, to, text, headers });
    return id;
  }

  /** Resolves when Linphone shows one of these states beside the message; else shows what it did say. */
  async delivery(id: string, ...states: readonly LinphoneDelivery[]): Promise<LinphoneDelivery> {
    const fits = (event: PeerEvent): boolean =>
      event.event === "sent" && event["id"] === id && states.some((state) => state === event["state"]);
    const event = await this.#peer.until(`${id} ${states.join(" or ")}`, fits);
    return event["state"] as LinphoneDelivery;
  }

  async received(text: string, timeoutMs?: number): Promise<LinphoneMessage> {
    const fits = (event: PeerEvent): boolean => event.event === "message" && event["text"] === text;
    return toMessage(await this.#peer.until(`the message ${JSON.stringify(text)}`, fits, timeoutMs));
  }

  /** Its user types, upon which Linphone tells the other side that a message is being written. */
  compose(to: string): void {
    this.#peer.command("compose", { to });
  }

  /** What it showed of others who write, each change, oldest first; of those alone that it has written to. */
  get composing(): readonly LinphoneComposing[] {
    return this.#peer.events.filter(isComposing).map(toComposing);
  }

  /** Resolves with the change of this number, the first being 0. */
  async composingChange(number: number): Promise<LinphoneComposing> {
    const isIt = (event: PeerEvent): boolean => event === this.#peer.events.filter(isComposing)[number];
    return toComposing(await this.#peer.until(`change ${number} of who is writing`, isIt));
  }

  /** Opens the conversation of a message that has come, upon which Linphone tells the sender that it was displayed. */
  read(message: LinphoneMessage): void {
    this.#peer.command("read", { id: message.id });
  }

  /** Unregisters and ends. */
  stop(): Promise<void> {
    return this.#peer.stop();
  }

  /** Ends at once, as when the battery is taken out: its binding stays. */
  kill(): Promise<void> {
    return this.#peer.kill();
  }
}

function toMessage(event: PeerEvent): LinphoneMessage {
  return {
    id: event["id"] as string,
    from: event["from"] as string,
    text: event["text"] as string | null,
    contentType: event["contentType"] as string | null,
    time: event["time"] as number,
    subject: event["subject"] as string | null,
    language: event["language"] as string | null,
  };
}

function isComposing({ event }: PeerEvent): boolean {
  return event === "composing";
}

function toComposing(event: PeerEvent): LinphoneComposing {
  return { from: event["from"] as string, active: event["active"] as boolean };
}
