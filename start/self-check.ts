import { randomBytes } from "node:crypto";
import xml from "@xmpp/xml";
import type { Config } from "../gateway/config.ts";
import { newPassword } from "./accounts-file.ts";
import { operate } from "./operations.ts";
import { SipClient } from "./sip-client.ts";
import type { XmppAccounts } from "./xmpp-accounts.ts";
import { XmppClient } from "./xmpp-client.ts";

export interface SelfCheckOptions {
  readonly config: Config;
  readonly xmppAccounts: XmppAccounts | undefined; // undefined: the XMPP server is not ours
  readonly print: (line: string) => void;
}

/** Accounts of this name exist for the seconds of the check only. */
const CHECKER = "parley-self-check";

/** Many times what a delivery takes. */
const DELIVERED_WITHIN_MS = 10_000;

/** One real message each way between clients of its own. Resolves with whether all of it went well; says what did not. */
export async function selfCheck(options: SelfCheckOptions): Promise<boolean> {
  const { config, print } = options;
  const aor = `${CHECKER}@${config.sip.domains[0]}`;
  const password = newPassword();
  try {
    await operate(config, "user.remove", { aor }); // of a check that was cut off
    await operate(config, "user.add", { aor, password });
    const sip = new SipClient({ server: sipServer(config), aor, password });
    try {
      await registered(sip, config);
      if (options.xmppAccounts === undefined) return await checkOneSide(sip, options);
      return await checkBothWays({ sip, aor, xmppAccounts: options.xmppAccounts, config, print });
    } finally {
      await sip.stop();
    }
  } catch (problem) {
    print(`self-check FAILED: ${(problem as Error).message}`);
    return false;
  } finally {
    await removeTraces(config, aor).catch(() => undefined); // the gateway is gone: the next check removes them
  }
}

interface BothWays {
  readonly sip: SipClient;
  readonly aor: string;
  readonly xmppAccounts: XmppAccounts;
  readonly config: Config;
  readonly print: (line: string) => void;
}

async function checkBothWays({ sip, aor, xmppAccounts, config, print }: BothWays): Promise<boolean> {
  const jid = `${CHECKER}@${config.xmpp.domains[0]}`;
  const password = newPassword();
  await xmppAccounts.put(jid, password);
  try {
    const xmpp = await XmppClient.connect({ host: "127.0.0.1", port: xmppAccounts.clientPort, jid, password });
    try {
      xmpp.send(xml("presence"));
      await xmpp.receive("its own presence", (stanza) => stanza.name === "presence");
      const toXmpp = await reported("SIP -> XMPP", print, () => sipToXmpp(sip, xmpp, jid));
      const toSip = await reported("XMPP -> SIP", print, () => xmppToSip(xmpp, sip, aor));
      return toXmpp && toSip;
    } finally {
      xmpp.close();
    }
  } finally {
    await xmppAccounts.remove(jid);
  }
}

/** Prints `… delivered, N ms`, or why not. */
async function reported(way: string, print: (line: string) => void, deliver: () => Promise<void>): Promise<boolean> {
  const startedAt = performance.now();
  try {
    await deliver();
    print(`self-check: ${way} delivered, ${Math.round(performance.now() - startedAt)} ms`);
    return true;
  } catch (problem) {
    print(`self-check: ${way} FAILED: ${(problem as Error).message}`);
    return false;
  }
}

async function sipToXmpp(sip: SipClient, xmpp: XmppClient, jid: string): Promise<void> {
  const text = newText();
  const arrived = xmpp.receive(
    "message from the SIP side",
    (s) => s.getChildText("body") === text,
    DELIVERED_WITHIN_MS,
  );
  const failed = arrived.catch((problem: Error) => problem);
  const response = await sip.send(`sip:${jid}`, text);
  if (response.status >= 300) throw new Error(`the gateway answered ${response.status} ${response.reason} to MESSAGE`);
  const outcome = await failed;
  if (outcome instanceof Error) throw new Error(`the gateway answered ${response.status}, but ${outcome.message}`);
}

async function xmppToSip(xmpp: XmppClient, sip: SipClient, aor: string): Promise<void> {
  const text = newText();
  const id = randomBytes(6).toString("hex");
  xmpp.send(xml("message", { to: aor, type: "chat", id }, xml("body", {}, text)));
  if (await sip.receive(text, DELIVERED_WITHIN_MS)) return;
  const isError = (stanza: { readonly attrs: Record<string, string | undefined> }): boolean =>
    stanza.attrs["id"] === id;
  const error = await xmpp.receive("error", isError, 0).catch(() => undefined);
  const condition = error?.getChild("error")?.getChildElements()[0]?.name;
  throw new Error(condition === undefined ? "no MESSAGE came to the phone" : `the gateway answered ${condition}`);
}

/** Without an account on the other side: the way there, told by the refusal of an address that does not exist. */
async function checkOneSide(sip: SipClient, { config, print }: SelfCheckOptions): Promise<boolean> {
  const nobody = `sip:${CHECKER}-${randomBytes(4).toString("hex")}@${config.xmpp.domains[0]}`;
  const { status, reason } = await sip.send(nobody, newText());
  const reached = status !== 202 && status !== 408 && status < 500;
  const outcome = reached ? "has the XMPP server's answer" : "FAILED";
  print(`self-check: SIP -> XMPP ${outcome}: ${status} ${reason} for an address that does not exist there`);
  print("self-check: XMPP -> SIP skipped: it needs an account on your XMPP server. Write to a SIP user to try it.");
  return reached;
}

async function registered(sip: SipClient, config: Config): Promise<void> {
  const { protocol, address, port } = sipServer(config);
  const response = await sip.register(120);
  if (response.status === 200) return;
  throw new Error(`${protocol} ${address}:${port} answered ${response.status} ${response.reason} to REGISTER`);
}

/** The first listener, at an address that a client on this machine can use. */
export function sipServer(config: Config): Config["sip"]["listen"][number] {
  const listener = config.sip.listen.find(({ protocol }) => protocol === "tcp") ?? config.sip.listen[0];
  if (listener === undefined) throw new Error("sip.listen is empty");
  const loopback = { "0.0.0.0": "127.0.0.1", "::": "::1" }[listener.address];
  return { ...listener, address: loopback ?? listener.address };
}

async function removeTraces(config: Config, aor: string): Promise<void> {
  const found = await operate(config, "conversation.list", { limit: 1000 });
  const conversations = found.outcome === "done" ? found.result.conversations : [];
  for (const { id } of conversations.filter((conversation) => conversation.aor === aor)) {
    await operate(config, "conversation.expire", { id });
  }
  await operate(config, "user.remove", { aor });
}

function newText(): string {
  return `Parley self-check ${randomBytes(6).toString("hex")}`;
}
