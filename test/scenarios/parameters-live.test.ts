import { expect } from "chai";
import type { ParameterName } from "../../gateway/parameters.ts";
import type { StanzaError } from "../../xmpp/stanza-error.ts";
import type { RawPhone } from "../peers/raw-phone.ts";
import { reasonOf, statusOf } from "../peers/raw-sip.ts";
import { waitFor } from "../peers/wait-for.ts";
import type { XmppClient } from "../peers/xmpp-client.ts";
import { BothSides, chat, errorFor, receives, textsOf } from "./both-sides.ts";

const DEFAULT_TEXT = "Your IM could not be delivered.";

describe("An operator changes a service parameter, and the next message is treated accordingly, without a restart", () => {
  let sides: BothSides;
  let alice: RawPhone;
  let bob: RawPhone;
  let juliet: XmppClient;

  const set = (name: ParameterName, value: string) => sides.gateway.json(["param", "set", name, value]);
  const reset = (name: ParameterName) => sides.gateway.json(["param", "reset", name]);

  before(async () => {
    sides = await BothSides.start({ users: ["alice", "bob"], people: ["juliet"] });
    alice = await sides.registeredPhone("alice", { transport: "tcp" }); // a datagram would have a long text in parts
    bob = await sides.registeredPhone("bob");
    juliet = await sides.client("juliet");
  });
  after(() => sides.stop());

  const passesToXmpp = async (text: string) => {
    expect(statusOf(await alice.message("juliet@xmpp.test", text))).to.equal(200);
    await receives(juliet, text);
  };

  const passesToSip = async (text: string) => {
    await juliet.send(chat("alice@sip.test", text));
    await waitFor("alice to get it", () => alice.texts.includes(text));
  };

  const passesWithinSip = async (text: string) => {
    expect(statusOf(await alice.message("bob@sip.test", text))).to.equal(200);
    expect(bob.texts).to.include(text);
  };

  /** Status line, and what the person reads. */
  const refusedToSip = async (to: string, text: string) => {
    const response = await alice.message(to, text);
    return `${statusOf(response)} ${reasonOf(response)}`;
  };

  const refusedToXmpp = async (text: string): Promise<StanzaError> => {
    const stanza = chat("alice@sip.test", text);
    await juliet.send(stanza);
    return errorFor(juliet, stanza.attrs["id"] ?? "");
  };

  it("im-gateway.status off: messages between SIP and XMPP are refused both ways, those within SIP go on", async () => {
    await passesToXmpp("before, to Juliet");
    await passesToSip("before, to Alice");
    await set("im-gateway.status", "off");

    const why = `${DEFAULT_TEXT} Instant messaging between SIP and XMPP is switched off here`;
    expect(await refusedToSip("juliet@xmpp.test", "lost to Juliet")).to.equal(`403 ${why}`);
    expect(await refusedToXmpp("lost to Alice")).to.include({ condition: "not-allowed", type: "cancel", text: why });
    await passesWithinSip("from phone to phone");

    await set("im-gateway.status", "on");
    await passesToXmpp("after, to Juliet");
    await passesToSip("after, to Alice");
    expect(textsOf(juliet)).not.to.include("lost to Juliet");
    expect(alice.texts).not.to.include("lost to Alice");
  });

  it("im-gateway.error-message: people on both sides read the new text", async () => {
    await set("im-gateway.error-message", "Nachricht nicht zugestellt – bitte anrufen.");
    expect(await refusedToSip("nobody@xmpp.test", "Who is there?")).to.match(
      /^\d{3} Nachricht nicht zugestellt – bitte anrufen\. .*\(service-unavailable\)$/,
    );
    const unknown = chat("nobody@sip.test", "Who is there?");
    await juliet.send(unknown);
    expect(await errorFor(juliet, unknown.attrs["id"] ?? "")).to.include({
      condition: "item-not-found",
      text: "Nachricht nicht zugestellt – bitte anrufen. There is no such user",
    });
    await reset("im-gateway.error-message");
    expect(await refusedToSip("nobody@xmpp.test", "Who is there?")).to.contain(DEFAULT_TEXT);
  });

  it("im.max-size: one byte more is refused with the size named, 413 or policy-violation", async () => {
    await set("im.max-size", "1300");
    const most = "é".repeat(650);
    await passesToXmpp(`${most.slice(1)}>>`);
    await passesToSip(`${most.slice(1)}<<`);

    const why = `${DEFAULT_TEXT} The message is too large: 1301 bytes, at most 1300 bytes can be sent`;
    expect(await refusedToSip("juliet@xmpp.test", `${most}>`)).to.equal(`413 ${why}`);
    expect(await refusedToSip("bob@sip.test", `${most}>`)).to.equal(`413 ${why}`);
    expect(await refusedToXmpp(`${most}<`)).to.include({ condition: "policy-violation", type: "modify", text: why });

    await reset("im.max-size");
    await passesToXmpp(`${most}>`);
    await passesToSip(`${most}<`);
  });

  it("im.enabled off: messages within SIP are refused too", async () => {
    await set("im.enabled", "off");
    const why = `${DEFAULT_TEXT} Instant messaging is switched off here`;
    expect(await refusedToSip("juliet@xmpp.test", "silence")).to.equal(`403 ${why}`);
    expect(await refusedToSip("bob@sip.test", "silence")).to.equal(`403 ${why}`);
    expect(await refusedToXmpp("silence")).to.include({ condition: "not-allowed", text: why });

    await set("im.enabled", "on");
    await passesToXmpp("speech");
    await passesWithinSip("speech");
    expect(bob.texts).not.to.include("silence");
  });
});
