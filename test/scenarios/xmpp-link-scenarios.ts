import xml, { type Element } from "@xmpp/xml";
import { expect } from "chai";
import { pino } from "pino";
import { systemClock } from "../../gateway/clock.ts";
import { createXmppLink } from "../../xmpp/link/create.ts";
import { DEFAULT_LIMITS } from "../../xmpp/link/limits.ts";
import type { XmppLink } from "../../xmpp/link/link.ts";
import { parseStanzaError } from "../../xmpp/stanza-error.ts";
import { startCuttingProxy } from "../peers/cutting-proxy.ts";
import { waitFor } from "../peers/wait-for.ts";
import { startXmppClient, type XmppClient } from "../peers/xmpp-client.ts";
import type { XmppServer, XmppServerOptions } from "../peers/xmpp-server.ts";

const SECRET = "component secret";
const ALICE = { jid: "alice@xmpp.test", password: "alice's password" };

/** Addresses by RFC 7622 that servers with the older rules of RFC 3920, or without federation, refuse. */
const ODD_ADDRESSES = [
  ["\u{10d00}@sip.test", ALICE.jid],
  ["bob@sip.test", "\u{10d00}@xmpp.test"],
  ["straße@sip.test/x", ALICE.jid],
  ["bob@sip.test/😀", `${ALICE.jid}/😀`],
  [`bob@sip.test/${"r".repeat(1023)}`, ALICE.jid],
  [`${"l".repeat(1023)}@sip.test`, ALICE.jid],
  ["bob@sip.test", "alice@bücher.test"],
  ["bob@sip.test", "alice@[::1]"],
] as const;

type StartServer = (options: XmppServerOptions) => Promise<XmppServer>;

/** What the link promises, against a real server. */
export function describeXmppLink(name: string, startServer: StartServer): void {
  describe(`XEP-0114 with ${name}`, () => {
    let server: XmppServer;
    let link: XmppLink;

    beforeEach(async () => {
      server = await startServer({ components: [{ domain: "sip.test", secret: SECRET }], users: [ALICE] });
    });
    afterEach(async () => {
      await link.stop(0);
      await server.stop();
    });

    async function startLink(port = server.componentPort, secret = SECRET): Promise<void> {
      link = linkTo(port, secret);
      link.start();
      await waitFor("the link to be online", () => link.status().state === "online");
    }

    describe("nothing is lost", () => {
      it("2,000 messages over a link that is cut three times: all there, in order, few twice", async () => {
        const proxy = await startCuttingProxy(server.componentPort);
        await startLink(proxy.port);
        const client = await startXmppClient({ server, ...ALICE });
        await whenAvailable(link, client);
        const outcomes = new Map<string, string>();
        const cutAt = new Set([500, 1000, 1500]);
        for (let number = 0; number < 2000; number += 1) {
          sendMessage(link, `${number}`, outcomes);
          if (cutAt.has(number)) {
            await waitFor("some to be on their way", () => outcomes.size > number - 400);
            proxy.cut();
          }
        }
        await waitFor("all to be processed", () => outcomes.size === 2000);
        await waitFor("the last to arrive", () => numbered(client.messages).includes("1999"));
        expect([...new Set(outcomes.values())]).to.deep.equal(["processed"]);
        const ids = numbered(client.messages);
        expect([...new Set(ids)]).to.deep.equal(Array.from({ length: 2000 }, (_, number) => `${number}`));
        expect(ids.length - 2000).to.be.at.most(cutAt.size * DEFAULT_LIMITS.window);
        await client.stop();
        await proxy.stop();
      });

      it("messages before, during and after a restart of the server: all there, in order", async () => {
        await startLink();
        const before = await startXmppClient({ server, ...ALICE });
        await whenAvailable(link, before);
        const outcomes = new Map<string, string>();
        for (let number = 0; number < 40; number += 1) {
          sendMessage(link, `${number}`, outcomes);
        }
        // ejabberd drops what it confirms while it shuts down, so nothing is sent in that moment; link-faults.test.ts does.
        await waitFor("the first to arrive", () => numbered(before.messages).includes("39"));
        const restarted = server.restart();
        await waitFor("the link to be cut", () => link.status().state !== "online");
        for (let number = 40; number < 80; number += 1) {
          sendMessage(link, `${number}`, outcomes);
        }
        await restarted;
        await waitFor("all to be processed", () => outcomes.size === 80);
        await waitFor("the link to be online", () => link.status().state === "online");
        const after = await startXmppClient({ server, ...ALICE });
        await waitFor("the last to arrive", () => numbered([...before.messages, ...after.messages]).includes("79"));
        expect([...new Set(outcomes.values())]).to.deep.equal(["processed"]);
        const ids = new Set(numbered([...before.messages, ...after.messages]));
        expect([...ids]).to.deep.equal(Array.from({ length: 80 }, (_, number) => `${number}`));
        await after.stop();
      });

      it("2,000 messages from a client: all there, in order", async () => {
        await startLink();
        const received: Element[] = [];
        link.onStanza((stanza) => received.push(stanza));
        const client = await startXmppClient({ server, ...ALICE });
        for (let number = 0; number < 2000; number += 1) {
          await client.send(xml("message", { to: "bob@sip.test", id: `${number}` }, xml("body", {}, "grüß dich 😀")));
        }
        await waitFor("all to arrive", () => received.filter((stanza) => stanza.is("message")).length === 2000);
        const messages = received.filter((stanza) => stanza.is("message"));
        expect(numbered(messages)).to.deep.equal(Array.from({ length: 2000 }, (_, number) => `${number}`));
        expect(new Set(messages.map((message) => message.getChildText("body")))).to.deep.equal(
          new Set(["grüß dich 😀"]),
        );
        await client.stop();
      });
    });

    describe("the truth about a stanza and about the link", () => {
      it("the error for an unknown user comes before the message counts as processed, each time", async () => {
        await startLink();
        const events: string[] = [];
        link.onStanza((stanza) => events.push(`${stanza.attrs["id"]} ${parseStanzaError(stanza)?.condition}`));
        for (let number = 0; number < 100; number += 1) {
          const message = xml("message", {
            from: "bob@sip.test",
            to: "nobody@xmpp.test",
            id: `${number}`,
            type: "chat",
          });
          message.append(xml("body", {}, "hello?"));
          link.send(message, { settled: ({ outcome }) => events.push(`${number} ${outcome}`) });
        }
        await waitFor("all outcomes", () => events.length === 200);
        for (let number = 0; number < 100; number += 1) {
          const refused = events.indexOf(`${number} service-unavailable`);
          expect(refused, `error for ${number}`).to.be.at.least(0);
          expect(refused).to.be.lessThan(events.indexOf(`${number} processed`));
        }
      });

      it("no address that it lets through ends the stream, whatever the server thinks of it", async () => {
        await startLink();
        const outcomes: string[] = [];
        for (const [from, to] of ODD_ADDRESSES) {
          link.send(xml("message", { from, to }, xml("body", {}, "x")), {
            settled: ({ outcome }) => outcomes.push(outcome),
          });
        }
        await waitFor("all outcomes", () => outcomes.length === ODD_ADDRESSES.length);
        expect([...new Set(outcomes)]).to.deep.equal(["processed"]);
        expect(link.status().state).to.equal("online");
      });

      it("XEP-0030, XEP-0199: the component answers a client's disco#info and ping", async () => {
        await startLink();
        const client = await startXmppClient({ server, ...ALICE });
        const info = xml("query", { xmlns: "http://jabber.org/protocol/disco#info" });
        await client.send(xml("iq", { type: "get", id: "info", to: "sip.test" }, info));
        await client.send(
          xml("iq", { type: "get", id: "ping", to: "bob@sip.test" }, xml("ping", { xmlns: "urn:xmpp:ping" })),
        );
        await waitFor("both answers", () => client.answers.length === 2);
        expect(client.answers.map(({ attrs }) => [attrs["id"], attrs["type"], attrs["from"]])).to.deep.equal([
          ["info", "result", "sip.test"],
          ["ping", "result", "bob@sip.test"],
        ]);
        expect(client.answers[0]?.getChild("query")?.getChild("identity")?.attrs["category"]).to.equal("gateway");
        await client.stop();
      });

      it("wrong secret: says so, and what to check", async () => {
        link = linkTo(server.componentPort, "wrong");
        link.start();
        const problem = await waitFor("the refusal", () =>
          link.status().state === "waiting" ? link.status().problem : undefined,
        );
        expect(problem).to.equal(
          `XMPP server 127.0.0.1:${server.componentPort} refused the secret of component sip.test: not-authorized; check secretFile and component_secret`,
        );
      });

      it("server gone: connection refused; server back: online", async () => {
        await startLink();
        await server.kill();
        await waitFor("the refusal", () => link.status().problem?.startsWith("connection refused"));
        await server.restart();
        await waitFor("the link to be online", () => link.status().state === "online");
        expect(link.status().problem).to.equal(undefined);
      });
    });
  });
}

export function linkTo(port: number, secret: string): XmppLink {
  return createXmppLink({
    server: { host: "127.0.0.1", port },
    domain: "sip.test",
    secret,
    barrierTo: "xmpp.test",
    identity: { name: "Parley", version: "1.0" },
    clock: systemClock,
    log: pino({ level: "silent" }),
  });
}

function sendMessage(link: XmppLink, id: string, outcomes: Map<string, string>): void {
  const message = xml("message", { from: "bob@sip.test/phone", to: ALICE.jid, id, type: "chat" }, xml("body", {}, id));
  link.send(message, { settled: ({ outcome }) => outcomes.set(id, outcome) });
}

/** The client is available once a message to its bare address arrives. */
async function whenAvailable(link: XmppLink, client: XmppClient): Promise<void> {
  let polls = 0;
  await waitFor("the client to be available", () => {
    // Again now and then: what comes before its presence is processed is the server's to keep or not.
    if (polls % 25 === 0) sendMessage(link, "first", new Map());
    polls += 1;
    return client.messages.length > 0;
  });
}

function numbered(messages: readonly Element[]): string[] {
  return messages.map(({ attrs }) => attrs["id"] ?? "").filter((id) => /^\d+$/.test(id));
}
