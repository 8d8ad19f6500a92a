import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import xml, { type Element } from "@xmpp/xml";

export interface FakeServerBehaviour {
  /** accept: shakes hands; silent: takes the connection and says nothing; or answers the stream with this error. */
  greeting: "accept" | "silent" | { readonly streamError: string };
  answersPings: boolean;
  /** A stanza with this id ends the stream with not-well-formed, and nothing behind it is read. */
  poison?: string;
}

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'";

/** One connection of a component, as the server sees it. */
export class FakeConnection {
  readonly stanzas: Element[] = [];
  readonly pings: Element[] = [];
  spaces = 0; // bytes of white space between stanzas
  readonly #socket: Socket;
  readonly #behaviour: FakeServerBehaviour;
  readonly #secret: string;
  #dead = false;

  constructor(socket: Socket, server: { behaviour: FakeServerBehaviour; secret: string }) {
    this.#socket = socket;
    this.#behaviour = server.behaviour;
    this.#secret = server.secret;
    const parser = new xml.Parser();
    parser.on("start", (root: Element) => this.#onHeader(root));
    parser.on("element", (element: Element) => this.#onElement(element));
    parser.on("end", () => socket.end("</stream:stream>"));
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("data", (text: string) => {
      this.spaces += /^ +$/.test(text) ? text.length : 0;
      parser.write(text);
    });
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Cuts the connection with a RST, as a crashed host does. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  streamError(condition: string, text?: string): void {
    const said = text === undefined ? "" : `<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${text}</text>`;
    const error = `<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>${said}`;
    this.#socket.end(`<stream:error>${error}</stream:error></stream:stream>`);
  }

  answerPings(): void {
    for (const { attrs } of this.pings.splice(0)) {
      this.write(`<iq type='result' id='${attrs["id"]}' from='${attrs["to"]}' to='${attrs["from"]}'/>`);
    }
  }

  #onHeader(root: Element): void {
    const { greeting } = this.#behaviour;
    if (greeting === "silent") {
      return;
    }
    this.write(`${HEADER} id='stream-1' from='${root.attrs["to"]}'>`);
    if (greeting !== "accept") {
      this.streamError(greeting.streamError);
    }
  }

  #onElement(element: Element): void {
    if (this.#dead) {
      return;
    }
    if (element.is("handshake")) {
      const wanted = createHash("sha1").update(`stream-1${this.#secret}`).digest("hex");
      if (element.getText() === wanted) {
        this.write("<handshake/>");
      } else {
        this.streamError("not-authorized", "Given token does not match calculated token");
      }
    } else if (element.getChild("ping", "urn:xmpp:ping") && element.attrs["to"] === "xmpp.test") {
      this.pings.push(element);
      if (this.#behaviour.answersPings) {
        this.answerPings();
      }
    } else {
      this.stanzas.push(element);
      if (element.attrs["id"] === this.#behaviour.poison) {
        this.#dead = true;
        this.streamError("not-well-formed");
      }
    }
  }
}

/** The component port of a server that behaves as a test wants. */
export class FakeServer {
  readonly behaviour: FakeServerBehaviour = { greeting: "accept", answersPings: true };
  readonly connections: FakeConnection[] = [];
  readonly #secret: string;
  readonly #server: Server;

  constructor(secret: string) {
    this.#secret = secret;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.connections.push(new FakeConnection(socket, { behaviour: this.behaviour, secret: this.#secret }));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The latest connection. */
  get connection(): FakeConnection {
    const latest = this.connections.at(-1);
    if (latest === undefined) {
      throw new Error("nobody has connected yet");
    }
    return latest;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  close(): Promise<void> {
    for (const connection of this.connections) {
      connection.close();
    }
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
