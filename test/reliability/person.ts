import { connect, type Socket } from "node:net";
import { attributeOf } from "./stream-reader.ts";

export interface PersonOptions {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  readonly port: number; // of the XMPP server, for clients
}

/** Between two tries to reach a server that is away. */
const RECONNECT_MS = 250;

/** How long one step of the login may take; a server that starts can accept a connection and answer much later. */
const STEP_WITHIN_MS = 5_000;

const MESSAGE = /<message\b([^>]*?)(?:\/>|>([\s\S]*?)<\/message>)/g;

/** The largest stanza of a run is far smaller: what does not end within this is thrown away. */
const MAX_REST = 1_048_576;

/**
 * An XMPP user with one client that reconnects when its server goes, and comes back under the same resource: the server
 * hands it what it stored meanwhile. What the user writes while it is offline is sent when it is online again.
 */
export class Person {
  readonly jid: string; // bare
  /** An IM on the screen, and the id of its stanza. */
  onIm: (body: string, id: string) => void = () => {};
  /** The id of a stanza of ours that came back as an error. */
  onError: (id: string) => void = () => {};
  readonly #options: PersonOptions;
  readonly #unsent: string[] = [];
  #socket: Socket | undefined; // while it is online
  #heard = "";
  #onHeard: () => void = () => {};
  #closed = false;

  private constructor(options: PersonOptions) {
    this.#options = options;
    this.jid = `${options.user}@${options.domain}`;
  }

  /** Resolves when the person is online. */
  static async login(options: PersonOptions): Promise<Person> {
    const person = new Person(options);
    await person.#connect();
    return person;
  }

  /** Online, with everything written that the user wrote. */
  get settled(): boolean {
    return this.#socket !== undefined && this.#socket.writableLength === 0;
  }

  write(stanza: string): void {
    if (this.#socket === undefined) this.#unsent.push(stanza);
    else this.#socket.write(stanza);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #connect(): Promise<void> {
    while (!this.#closed) {
      const socket = connect(this.#options.port, "127.0.0.1");
      socket.setNoDelay(true).setEncoding("utf8");
      socket.on("error", () => undefined); // seen as the end
      this.#heard = "";
      socket.on("data", (text: string) => {
        this.#heard += text;
        this.#onHeard();
      });
      if ((await this.#isLoggedIn(socket)) && !socket.destroyed) return this.#onOnline(socket);
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  #onOnline(socket: Socket): void {
    this.#socket = socket;
    this.#onHeard = () => this.#readStanzas();
    socket.once("close", () => {
      this.#socket = undefined;
      this.#onHeard = () => {};
      void this.#connect();
    });
    socket.write("<presence/>");
    for (const stanza of this.#unsent.splice(0)) socket.write(stanza);
    this.#readStanzas();
    if (this.#closed) socket.destroy();
  }

  /** RFC 6120 §4 to §7 with SASL PLAIN, on loopback. */
  async #isLoggedIn(socket: Socket): Promise<boolean> {
    const { user, domain, password } = this.#options;
    const stream = `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="${domain}">`;
    const secret = Buffer.from(`\0${user}\0${password}`).toString("base64");
    const steps = [
      { send: stream, expect: "</stream:features>" },
      { send: `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${secret}</auth>`, expect: "<success" },
      { send: stream, expect: "</stream:features>" },
      {
        send: '<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>desk</resource></bind></iq>',
        expect: "</iq>",
      },
    ];
    for (const step of steps) if (!(await this.#exchange(socket, step))) return false;
    return true;
  }

  #exchange(socket: Socket, { send, expect }: { send: string; expect: string }): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (ok: boolean): void => {
        clearTimeout(timer);
        socket.removeListener("close", fail);
        this.#onHeard = () => {};
        resolve(ok);
      };
      const fail = (): void => finish(false);
      const timer = setTimeout(fail, STEP_WITHIN_MS);
      socket.once("close", fail);
      this.#onHeard = () => {
        const at = this.#heard.indexOf(expect);
        if (at < 0) return;
        this.#heard = this.#heard.slice(at + expect.length);
        finish(true);
      };
      if (socket.destroyed) fail();
      else socket.write(send);
    });
  }

  #readStanzas(): void {
    const end = this.#heard.lastIndexOf("</message>") + "</message>".length;
    if (end < "</message>".length) {
      if (this.#heard.length > MAX_REST) this.#heard = "";
      return;
    }
    const text = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end);
    for (const [, attributes = "", content = ""] of text.matchAll(MESSAGE)) {
      const id = attributeOf(attributes, "id") ?? "";
      const body = /<body[^>]*>([^<]*)<\/body>/.exec(content)?.[1];
      if (attributeOf(attributes, "type") === "error") this.onError(id);
      else if (body !== undefined) this.onIm(body, id);
    }
  }
}
