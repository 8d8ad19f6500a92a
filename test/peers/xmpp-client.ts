import { client } from "@xmpp/client";
import xml, { type Element } from "@xmpp/xml";
import type { XmppServer } from "./xmpp-server.ts";

export interface XmppClientOptions {
  readonly server: Pick<XmppServer, "clientPort">;
  readonly jid: string; // bare
  readonly password: string;
  readonly resource?: string;
}

/** A user's client, online and available, that keeps what it gets. */
export interface XmppClient {
  readonly jid: string; // full
  readonly messages: Element[];
  readonly presences: Element[];
  /** Results and errors of the IQ requests that a test sent. */
  readonly answers: Element[];
  send(stanza: Element): Promise<void>;
  /** Sends text as it is, for what the XML library would write in another way. */
  write(xml: string): void;
  stop(): Promise<void>;
}

export async function startXmppClient(options: XmppClientOptions): Promise<XmppClient> {
  const [username = "", domain = ""] = options.jid.split("@");
  const { password, resource = "client" } = options;
  const peer = client({
    service: `xmpp://127.0.0.1:${options.server.clientPort}`,
    domain,
    username,
    password,
    resource,
  });
  // COMPAT(@xmpp/sasl 0.13): it wants synchronous mechanisms, and sasl-scram-sha-1 is asynchronous from 1.3 on.
  const mechanisms = peer.sasl.use("NONE", Object);
  mechanisms._mechs = mechanisms._mechs.filter(({ name }) => name === "PLAIN");
  const messages: Element[] = [];
  const presences: Element[] = [];
  const answers: Element[] = [];
  peer.on("stanza", (stanza: Element) => {
    if (stanza.is("message")) messages.push(stanza);
    if (stanza.is("presence")) presences.push(stanza);
    if (stanza.is("iq") && stanza.attrs["from"] !== undefined && stanza.attrs["type"] !== "set") answers.push(stanza);
  });
  peer.on("error", () => undefined); // a test sees what is missing
  peer.reconnect.stop();
  const jid = await peer.start();
  // COMPAT(@xmpp/connection 0.13): it decodes each chunk by itself and so breaks characters that two chunks share.
  peer.socket?.setEncoding("utf8");
  await peer.send(xml("presence"));
  return {
    jid: jid.toString(),
    messages,
    presences,
    answers,
    send: (stanza) => peer.send(stanza),
    write: (text) => void peer.socket?.write(text),
    stop: async () => {
      await peer.stop();
    },
  };
}
