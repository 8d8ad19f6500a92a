import { expect } from "chai";
import { formatRequest, formatResponse } from "../../../sip/embedded/format.ts";
import { parseMessage } from "../../../sip/embedded/parse.ts";
import type { Flow } from "../../../sip/flow.ts";
import type { HeaderField } from "../../../sip/header-fields.ts";
import type { SipMessage, SipRequest, SipResponse } from "../../../sip/message.ts";
import { REASON_PHRASES, reasonPhrase } from "../../../sip/reason-phrases.ts";
import { latin1FromUtf8, utf8FromLatin1 } from "../../../sip/text.ts";
import { readCaptures } from "../captures.ts";

const FLOW: Flow = {
  protocol: "udp",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "192.0.2.9", port: 40000 },
};

const FIELDS: readonly HeaderField[] = [
  ["Via", "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport, SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK2"],
  ["Via", "SIP/2.0/TCP 10.0.0.3;branch=z9hG4bK3"],
  ["Record-Route", "<sip:p1;lr>"],
  ["Record-Route", "<sip:p2;lr>, <sip:p3;lr>"],
  ["Max-Forwards", "70"],
  ["From", "<sip:alice@sip.test>;tag=a1"],
  ["To", "sip:bob@sip.test"],
  ["Call-ID", "c1"],
  ["CSeq", "1 INVITE"],
  ["Timestamp", "54"],
];

function parse(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes, FLOW);
  if (!result.ok) throw new Error(`${result.why}: ${bytes.toString("latin1")}`);
  return result.message;
}

function requestOf(bytes: Buffer): SipRequest {
  const message = parse(bytes);
  if (message.kind !== "request") throw new Error("a response");
  return message;
}

function responseOf(bytes: Buffer): SipResponse {
  const message = parse(bytes);
  if (message.kind !== "response") throw new Error("a request");
  return message;
}

const invite = requestOf(formatRequest({ method: "INVITE", uri: "sip:bob@sip.test", fields: FIELDS }));

function answer(status: number, more: Partial<Parameters<typeof formatResponse>[1]> = {}): SipResponse {
  return responseOf(formatResponse(invite, { status, toTag: "t1", ...more }));
}

describe("RFC 3261 §7.1 requests as bytes", () => {
  it("come back through the parser: line, fields in order, body bytes", () => {
    const body = Buffer.from([0, 13, 10, 13, 10, 255, 128]);
    const request = requestOf(formatRequest({ method: "INVITE", uri: "sip:bob@sip.test;x=y", fields: FIELDS, body }));
    expect(request).to.include({ method: "INVITE", uri: "sip:bob@sip.test;x=y" });
    expect(request.fields.entries()).to.deep.equal([...FIELDS, ["Content-Length", "7"]]);
    expect(request.body.equals(body)).to.equal(true);
  });

  it("have the Content-Length that is true, whatever the fields say", () => {
    const fields: readonly HeaderField[] = [...FIELDS, ["l", "99"], ["content-length", "1"]];
    const request = requestOf(
      formatRequest({ method: "INVITE", uri: "sip:bob@sip.test", fields, body: Buffer.from("ä") }),
    );
    expect(request.fields.all("content-length")).to.deep.equal(["2"]);
  });

  it("of real clients come back the same", () => {
    const requests = readCaptures().map(({ bytes }) => parse(bytes));
    for (const before of requests) {
      if (before.kind !== "request") continue;
      const { method, uri, body } = before;
      const after = requestOf(formatRequest({ method, uri, fields: before.fields.entries(), body }));
      const written = before.fields.entries().filter(([name]) => !/^content-length$/i.test(name));
      expect(after).to.include({ method, uri, callId: before.callId });
      expect(after.fields.entries().slice(0, -1)).to.deep.equal(written);
      expect(after.body.equals(body)).to.equal(true);
    }
  });
});

describe("RFC 3261 §8.2.6.2 responses as bytes", () => {
  it("carry every Via, the topmost completed, and From, Call-ID and CSeq as they came", () => {
    const response = answer(404);
    expect(response).to.include({ status: 404, reason: "Not Found", callId: "c1" });
    expect(response.fields.all("via")).to.deep.equal([
      "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport=40000;received=192.0.2.9",
      "SIP/2.0/TCP 10.0.0.2;branch=z9hG4bK2",
      "SIP/2.0/TCP 10.0.0.3;branch=z9hG4bK3",
    ]);
    expect(response.fields.get("from")).to.equal("<sip:alice@sip.test>;tag=a1");
    expect(response.cseq).to.deep.equal({ number: 1, method: "INVITE" });
    expect(response.fields.get("content-length")).to.equal("0");
  });

  it("get a To tag above 100, and keep the one that is there", () => {
    expect(answer(100).fields.get("to")).to.equal("sip:bob@sip.test");
    expect(answer(180).fields.get("to")).to.equal("sip:bob@sip.test;tag=t1");
    expect(answer(200).to.tag).to.equal("t1");
    const within = requestOf(
      formatRequest({
        method: "INVITE",
        uri: "sip:bob@sip.test",
        fields: FIELDS.map(([name, value]) =>
          name === "To" ? [name, '"B;tag=x" <sip:bob@sip.test>;tag=old'] : [name, value],
        ),
      }),
    );
    expect(responseOf(formatResponse(within, { status: 200, toTag: "t1" })).to.tag).to.equal("old");
  });

  it("§8.2.6.1: a 100 brings the Timestamp back, others do not", () => {
    expect(answer(100).fields.get("timestamp")).to.equal("54");
    expect(answer(200).fields.has("timestamp")).to.equal(false);
  });

  for (const [status, copied] of [
    [100, false],
    [180, true],
    [200, true],
    [302, false],
    [404, false],
  ] as const) {
    it(`§12.1.1: Record-Route ${copied ? "comes back" : "does not come back"} in a ${status} to INVITE`, () => {
      const expected = copied ? ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"] : [];
      expect(answer(status).fields.list("record-route")).to.deep.equal(expected);
    });
  }

  it("§12.1.1: a MESSAGE makes no dialog, so its 200 has no Record-Route", () => {
    const fields = FIELDS.map(([name, value]): HeaderField => [name, name === "CSeq" ? "1 MESSAGE" : value]);
    const message = requestOf(formatRequest({ method: "MESSAGE", uri: "sip:bob@sip.test", fields }));
    expect(responseOf(formatResponse(message, { status: 200, toTag: "t" })).fields.has("record-route")).to.equal(false);
  });

  it("take reason, headers and body from their maker, but not the fields that are the engine's", () => {
    const response = answer(415, {
      reason: latin1FromUtf8("Sólo texto"),
      headers: [
        ["Accept", "text/plain"],
        ["v", "SIP/2.0/UDP evil"],
        ["Call-ID", "other"],
        ["l", "7"],
        ["To", "sip:x@y"],
      ],
      body: Buffer.from("hi"),
    });
    expect(utf8FromLatin1(response.reason)).to.equal("Sólo texto");
    expect(response.fields.get("accept")).to.equal("text/plain");
    expect(response.fields.all("via")).to.have.length(3);
    expect(response).to.include({ callId: "c1" });
    expect(response.to.uri).to.equal("sip:bob@sip.test");
    expect(response.body.toString()).to.equal("hi");
  });
});

describe("no value can add a line", () => {
  const attacks = [
    "x\r\nContact: <sip:mallory@evil.test>",
    "x\nContact: y",
    "x\rContact: y",
    "x\0y",
    "x\u010d\u010aContact: y", // as latin1 bytes these would be CR and LF
    "x\u0a0dContact: y",
  ];
  for (const attack of attacks) {
    it(`${JSON.stringify(attack)} stays one value wherever it stands`, () => {
      const response = formatResponse(invite, {
        status: 400,
        toTag: attack,
        reason: attack,
        headers: [["Subject", attack]],
      });
      const lines = formatResponse(invite, { status: 400, toTag: "t", reason: "r", headers: [["Subject", "s"]] });
      expect(response.toString("latin1").split(/[\r\n]+/)).to.have.length(
        lines.toString("latin1").split(/[\r\n]+/).length,
      );
      expect(response.includes(0)).to.equal(false);
    });

    it(`${JSON.stringify(attack)} stays one word in a request line and a name`, () => {
      const bytes = formatRequest({ method: "MESSAGE", uri: `sip:${attack} SIP/2.0`, fields: [[attack, "v"]] });
      const [start = "", name = "", ...rest] = bytes.toString("latin1").split("\r\n");
      expect(start.split(" ")).to.have.length(3);
      expect(name.split(":").at(-1)).to.equal(" v");
      expect(rest).to.deep.equal(["Content-Length: 0", "", ""]);
    });
  }

  it("Unicode given as a value becomes UTF-8, latin1 stays as it is", () => {
    const headers: readonly HeaderField[] = [
      ["Subject", "Алиса"],
      ["X", "\xc3\xa4"],
    ];
    const { fields } = answer(200, { headers });
    expect(utf8FromLatin1(fields.get("subject") ?? "")).to.equal("Алиса");
    expect(utf8FromLatin1(fields.get("x") ?? "")).to.equal("ä");
  });
});

describe("RFC 3261 §21 reason phrases", () => {
  it("every status of the table has a phrase that can be sent", () => {
    for (const [status, phrase] of Object.entries(REASON_PHRASES)) {
      expect(Number(status)).to.be.within(100, 699);
      expect(phrase).to.match(/^[ -~]+$/);
      expect(reasonPhrase(Number(status))).to.equal(phrase);
    }
  });

  it("§8.1.3.2: an unknown status is called as its class", () => {
    expect(reasonPhrase(299)).to.equal("OK");
    expect(reasonPhrase(499)).to.equal("Bad Request");
    expect(reasonPhrase(999)).to.equal("");
  });
});
