import { createSocket, type Socket } from "node:dgram";

/** A SIP phone over UDP that costs next to nothing: it registers, sends MESSAGEs and answers them 200. */
export class SipPerson {
  readonly aor: string;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #gatewayPort: number;
  #sequence = 0;
  /** The Call-ID of a request of ours that has its final answer, and the status. */
  onAnswer: (callId: string, status: number) => void = () => {};
  onMessage: (text: string) => void = () => {};

  private constructor(aor: string, socket: Socket, gatewayPort: number) {
    this.aor = aor;
    this.#socket = socket;
    this.#port = socket.address().port;
    this.#gatewayPort = gatewayPort;
    socket.on("message", (bytes) => this.#onBytes(bytes));
  }

  static async register(aor: string, gatewayPort: number): Promise<SipPerson> {
    const person = await SipPerson.open(aor, gatewayPort);
    await person.register();
    return person;
  }

  /** Not registered yet. */
  static async open(aor: string, gatewayPort: number): Promise<SipPerson> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
    await new Promise<void>((resolve) => {
      socket.bind(0, "127.0.0.1", resolve);
    });
    return new SipPerson(aor, socket, gatewayPort);
  }

  async register(): Promise<void> {
    const answered = new Promise<number>((resolve) => {
      this.onAnswer = (_callId, status) => resolve(status);
    });
    const [user, domain] = this.aor.split("@");
    const extra = `Contact: <sip:${user}@127.0.0.1:${this.#port}>\r\n`;
    this.#send("REGISTER", { uri: `sip:${domain}`, to: this.aor, extra });
    const status = await answered;
    if (status !== 200) throw new Error(`REGISTER of ${this.aor}: ${status}`);
  }

  /** Gives the Call-ID. */
  message(to: string, text: string): string {
    return this.#send("MESSAGE", { uri: `sip:${to}`, to, extra: "Content-Type: text/plain\r\n", body: text });
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string, parts: { uri: string; to: string; extra: string; body?: string }): string {
    const n = ++this.#sequence;
    const callId = `${n}-${this.#port}`;
    const body = parts.body ?? "";
    const text =
      `${method} ${parts.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${this.#port};branch=z9hG4bK${callId};rport\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:${this.aor}>;tag=${n}\r\nTo: <sip:${parts.to}>\r\nCall-ID: ${callId}\r\n` +
      `CSeq: ${n} ${method}\r\n${parts.extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    this.#socket.send(text, this.#gatewayPort, "127.0.0.1");
    return callId;
  }

  #onBytes(bytes: Buffer): void {
    const text = bytes.toString("latin1");
    if (text.startsWith("SIP/2.0 ")) {
      this.onAnswer(fieldOf(text, "Call-ID"), Number(text.slice(8, 11)));
      return;
    }
    const head = text.slice(0, text.indexOf("\r\n\r\n"));
    const copied = head.split("\r\n").filter((line) => /^(via|from|call-id|cseq):/i.test(line));
    const answer = ["SIP/2.0 200 OK", ...copied, `To: ${fieldOf(text, "To")};tag=b`, "Content-Length: 0", "", ""];
    this.#socket.send(answer.join("\r\n"), this.#gatewayPort, "127.0.0.1");
    this.onMessage(text.slice(head.length + 4));
  }
}

function fieldOf(message: string, name: string): string {
  const start = message.indexOf(`\r\n${name}: `) + name.length + 4;
  return message.slice(start, message.indexOf("\r\n", start));
}
