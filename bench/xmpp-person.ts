import { connect, type Socket } from "node:net";

/** An XMPP client that costs next to nothing: it logs in, sends text, and hands over what comes in as text. */
export class XmppPerson {
  readonly #socket: Socket;
  readonly jid: string;
  #waiting: { readonly word: string; readonly resolve: () => void } | undefined;
  #heard = "";
  onText: (text: string) => void = () => {};

  private constructor(socket: Socket, jid: string) {
    this.#socket = socket;
    this.jid = jid;
    socket.setNoDelay(true).setEncoding("utf8");
    socket.on("data", (text: string) => this.#onData(text));
  }

  /** The password is the name. RFC 6120 §4-§7, SASL PLAIN on loopback. */
  static async login(port: number, user: string, domain: string): Promise<XmppPerson> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
    const person = new XmppPerson(socket, `${user}@${domain}`);
    const stream = `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="${domain}">`;
    const secret = Buffer.from(`\0${user}\0${user}`).toString("base64");
    await person.#exchange(stream, "</stream:features>");
    await person.#exchange(
      `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${secret}</auth>`,
      "<success",
    );
    await person.#exchange(stream, "</stream:features>");
    const bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>bench</resource></bind>';
    await person.#exchange(`<iq type="set" id="b">${bind}</iq>`, "</iq>");
    await person.#exchange("<presence/>", "<presence");
    return person;
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    this.#socket.destroy();
  }

  #exchange(text: string, word: string): Promise<void> {
    this.#heard = "";
    const answered = new Promise<void>((resolve) => {
      this.#waiting = { word, resolve };
    });
    this.#socket.write(text);
    return answered;
  }

  #onData(text: string): void {
    if (this.#waiting === undefined) {
      this.onText(text);
      return;
    }
    this.#heard += text;
    if (!this.#heard.includes(this.#waiting.word)) return;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve();
  }
}
