import { expect } from "chai";
import { contentFromSip } from "../../../gateway/mapping/from-sip.ts";
import type { Asked } from "../../../gateway/mapping/instant-message.ts";
import {
  IMDN_OF_OUTCOME,
  type MessageRequest,
  messageFromComposing,
  messageFromDisposition,
  messageFromIm,
  messageOverheadBytes,
} from "../../../gateway/mapping/to-sip.ts";
import { parseCpim } from "../../../sip/cpim.ts";
import { formatRequest } from "../../../sip/embedded/format.ts";
import { messageWith, requestOfExample } from "./sip-request.ts";

const ENVELOPE = {
  from: "sip:juliet@xmpp.test",
  to: "sip:romeo@sip.test",
  callId: "c1",
  date: new Date("2026-01-02T03:04:05.678Z"),
};

const NO_DISPOSITIONS = { dispositions: [] };

function headerOf(message: MessageRequest, name: string): string | undefined {
  return message.headers?.find(([each]) => each === name)?.[1];
}

/** What our own reading makes of it. */
function readBack(message: MessageRequest) {
  const headers = (message.headers ?? []).map(([name, value]) => `${name}: ${value}`);
  return contentFromSip({ request: messageWith(headers, message.body ?? ""), maxBytes: 10_000 });
}

function cpimOf(message: MessageRequest) {
  expect(headerOf(message, "Content-Type")).to.equal("message/cpim");
  const cpim = parseCpim(message.body ?? Buffer.alloc(0));
  if (!cpim.ok) throw new Error(cpim.why);
  return cpim.value;
}

describe("RFC 7572 §4: instant message -> MESSAGE", () => {
  it("example 2", () => {
    const expected = requestOfExample(2);
    const text = expected.body.toString();
    const addresses = { from: "sip:juliet@example.com", to: "sip:romeo@example.net" };
    const message = messageFromIm({ text }, { ...ENVELOPE, ...addresses });
    expect(message.method).to.equal(expected.method);
    expect(message.to).to.equal(`<${expected.to.uri}>`);
    expect(message.from).to.equal("<sip:juliet@example.com>");
    expect(message.body?.toString()).to.equal(text);
  });

  it("subject and language become header fields, in UTF-8", () => {
    const message = messageFromIm({ text: "Servus", subject: "Grüße", language: "de-AT" }, ENVELOPE);
    expect(message.headers).to.deep.equal([
      ["Date", "Fri, 02 Jan 2026 03:04:05 GMT"],
      ["Content-Type", "text/plain;charset=UTF-8"],
      ["Subject", "Gr\xc3\xbc\xc3\x9fe"],
      ["Content-Language", "de-AT"],
    ]);
  });

  it("RFC 3834 §5: a program's message says that it is one, a person's says nothing", () => {
    const message = messageFromIm({ text: "Backup done", automatic: true }, ENVELOPE);
    expect(headerOf(message, "Auto-Submitted")).to.equal("auto-generated");
    expect(readBack(message)).to.deep.include({ ok: true }).and.have.nested.property("im.automatic", true);
    expect(headerOf(messageFromIm({ text: "Done" }, ENVELOPE), "Auto-Submitted")).to.equal(undefined);
  });
});

describe("RFC 3862, RFC 5438 §7.1.1: instant message -> message/cpim", () => {
  it("addresses, DateTime, Subject, Message-ID and what is asked for", () => {
    const dispositions = ["positive-delivery", "display"];
    const message = messageFromIm(
      { text: "Grüße", subject: "Abend", language: "de" },
      { ...ENVELOPE, messageId: "m1", cpim: { dispositions } },
    );
    const cpim = cpimOf(message);
    expect(cpim.from?.uri).to.equal(ENVELOPE.from);
    expect(cpim.to?.uri).to.equal(ENVELOPE.to);
    expect(cpim).to.deep.include({ dateTime: "2026-01-02T03:04:05Z", subject: "Abend", messageId: "m1", dispositions });
    expect(cpim.content.contentType).to.equal("text/plain;charset=UTF-8");
    expect(headerOf(message, "Subject")).to.equal(undefined);
    expect(readBack(message)).to.deep.nested.include({
      "im.text": "Grüße",
      "im.subject": "Abend",
      "im.language": "de",
    });
  });

  it("the Message-ID is the Call-ID when none is given, and nothing is asked for", () => {
    const cpim = cpimOf(messageFromIm({ text: "x" }, { ...ENVELOPE, cpim: NO_DISPOSITIONS }));
    expect(cpim.messageId).to.equal("c1");
    expect(cpim.dispositions).to.deep.equal([]);
  });
});

describe("RFC 5438 §7.2.1: disposition -> MESSAGE", () => {
  for (const outcome of Object.keys(IMDN_OF_OUTCOME) as Asked[]) {
    it(`${outcome} is read as ${outcome}, bare and in CPIM`, () => {
      const disposition = { messageId: "<m&1>", outcome };
      const expected = { ok: true, kind: "disposition", disposition };
      expect(readBack(messageFromDisposition(disposition, ENVELOPE))).to.deep.equal(expected);
      const wrapped = messageFromDisposition(disposition, { ...ENVELOPE, cpim: NO_DISPOSITIONS });
      expect(readBack(wrapped)).to.deep.equal(expected);
    });
  }

  it("bare, as Linphone writes it", () => {
    const message = messageFromDisposition({ messageId: "m1", outcome: "delivered" }, ENVELOPE);
    expect(headerOf(message, "Content-Type")).to.equal("message/imdn+xml");
    expect(headerOf(message, "Priority")).to.equal("non-urgent");
    expect(message.body?.toString()).to.equal(
      '<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>m1</message-id>' +
        "<datetime>2026-01-02T03:04:05Z</datetime><recipient-uri>sip:juliet@xmpp.test</recipient-uri>" +
        "<delivery-notification><status><delivered/></status></delivery-notification></imdn>",
    );
  });

  it("names the address that the message was sent to and its date, when they are others", () => {
    const original = { originalTo: "sip:capulet@xmpp.test", originalDate: new Date("2026-01-01T00:00:00Z") };
    const { body } = messageFromDisposition({ messageId: "m1", outcome: "displayed" }, { ...ENVELOPE, ...original });
    expect(body?.toString()).to.include("<datetime>2026-01-01T00:00:00Z</datetime>");
    expect(body?.toString()).to.include("<original-recipient-uri>sip:capulet@xmpp.test</original-recipient-uri>");
  });

  it("in CPIM it is a notification with a Message-ID that asks for none", () => {
    const cpim = cpimOf(
      messageFromDisposition(
        { messageId: "m1", outcome: "failed" },
        { ...ENVELOPE, cpim: { dispositions: ["display"] } },
      ),
    );
    expect(cpim.content.headers.get("content-disposition")).to.equal("notification");
    expect(cpim.messageId).to.equal("c1");
    expect(cpim.dispositions).to.deep.equal([]);
  });
});

describe("RFC 3994: composing -> MESSAGE", () => {
  for (const [state, refreshSeconds] of [
    ["active", 90],
    ["active", undefined],
    ["idle", undefined],
  ] as const) {
    it(`${state}, refreshed after ${refreshSeconds} s, and worth nothing later`, () => {
      const composing = { state, refreshSeconds };
      const message = messageFromComposing(composing, ENVELOPE);
      expect(headerOf(message, "Expires")).to.equal("0");
      expect(headerOf(message, "Priority")).to.equal("non-urgent");
      expect(readBack(message)).to.deep.equal({ ok: true, kind: "composing", composing });
    });
  }

  it("has its elements in the order of the schema (RFC 3994 §6.1)", () => {
    const { body } = messageFromComposing({ state: "active", refreshSeconds: 60 }, ENVELOPE);
    expect(body?.toString()).to.match(
      /<state>active<\/state><contenttype>text\/plain<\/contenttype><refresh>60<\/refresh>/,
    );
  });
});

describe("RFC 3261 §18.1.1: the bytes of the head", () => {
  /** As the engine writes it over UDP, with the longest or the shortest of what it adds. */
  function headBytes(message: MessageRequest, uri: string, sentBy: string): number {
    const { method, from, to, callId = "", headers = [], body = Buffer.alloc(0) } = message;
    const via = `SIP/2.0/UDP ${sentBy};branch=z9hG4bK0123456789abcdef0123;rport`;
    const ofEngine = [
      ["Via", via],
      ["Max-Forwards", "70"],
      ["From", `${from};tag=0123456789abcdef`],
      ["To", to],
      ["Call-ID", callId],
      ["CSeq", "1 MESSAGE"],
    ] as const;
    const fields = [...ofEngine, ...headers, ["User-Agent", "Parley"] as const];
    return formatRequest({ method, uri, fields, body }).length - body.length;
  }

  for (const [name, message, uri] of [
    ["a short IM", messageFromIm({ text: "x" }, ENVELOPE), "sip:romeo@192.0.2.1:5060"],
    ["a subject in UTF-8", messageFromIm({ text: "x", subject: "Grüße 👋".repeat(9) }, ENVELOPE), "sip:r@h"],
    ["a composing notice", messageFromComposing({ state: "idle", refreshSeconds: undefined }, ENVELOPE), "sip:r@h"],
    ["a URI outside of latin1", messageFromIm({ text: "x" }, ENVELOPE), "sip:rom€o@h"],
  ] as const) {
    it(`${name}: never less than they are, and less than 200 more`, () => {
      const estimate = messageOverheadBytes(message, uri);
      const longest = headBytes(message, uri, "[2001:0db8:0000:0000:0000:0000:0000:0001]:65535");
      const shortest = headBytes(message, uri, "10.0.0.1:5060");
      expect(estimate).to.be.at.least(longest);
      expect(estimate - shortest).to.be.below(200);
    });
  }
});
