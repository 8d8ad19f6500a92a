import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { formatResponse } from "../../sip/embedded/format.ts";
import { type ParseResult, parseMessage } from "../../sip/embedded/parse.ts";
import type { Flow } from "../../sip/flow.ts";
import type { SipMessage, SipRequest } from "../../sip/message.ts";
import { type NameAddr, parseNameAddr } from "../../sip/name-addr.ts";
import { sanityCheck } from "../../sip/sanity-check.ts";
import { utf8FromLatin1 } from "../../sip/text.ts";
import { isSipUri, parseUri, type SipUri } from "../../sip/uri.ts";
import { parseVia } from "../../sip/via.ts";
import { JUDGED_ABOVE } from "./torture-judged-above.ts";
import { VALID } from "./torture-valid.ts";
import { type Address, REJECTIONS, type Reading } from "./torture-verdicts.ts";

const READINGS = { ...VALID, ...JUDGED_ABOVE };
const FOLDER = "test/vectors/rfc4475";
const FLOW: Flow = {
  protocol: "udp",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "192.0.2.250", port: 5071 },
};

function bytesOf(name: string): Buffer {
  return readFileSync(`${FOLDER}/${name}.dat`);
}

function read(name: string): ParseResult {
  return parseMessage(bytesOf(name), FLOW);
}

function messageOf(name: string): SipMessage {
  const result = read(name);
  if (!result.ok) throw new Error(result.why);
  return result.message;
}

function requestOf(name: string): SipRequest {
  const message = messageOf(name);
  if (message.kind !== "request") throw new Error("a response");
  return message;
}

function startOf(message: SipMessage): string {
  if (message.kind === "request") return `${message.method} ${message.uri}`;
  return `${message.status} ${utf8FromLatin1(message.reason)}`;
}

function addressOf({ displayName, uri, tag }: NameAddr): Address {
  return { ...(displayName === undefined ? {} : { displayName }), uri, ...(tag === undefined ? {} : { tag }) };
}

function viaOf(text: string): string {
  const via = parseVia(text);
  if (!via.ok) return via.why;
  const { protocol, host, port, branch } = via.value;
  return `${protocol} ${host}${port === undefined ? "" : `:${port}`} ${branch ?? "-"}`;
}

function contactOf(text: string): string {
  const contact = parseNameAddr(text);
  return contact.ok ? contact.value.uri : contact.why;
}

/** The bytes that Content-Length counts, found without the parser. */
function bodyBytes(name: string, length: number): Buffer {
  const bytes = bytesOf(name);
  const start = bytes.indexOf("\r\n\r\n") + 4;
  return bytes.subarray(start, start + length);
}

function sipUriOf(text: string): SipUri {
  const uri = parseUri(text);
  if (!uri.ok || !isSipUri(uri.value)) throw new Error("not a SIP URI");
  return uri.value;
}

function expectReading(name: string, reading: Reading): void {
  const message = messageOf(name);
  expect(startOf(message)).to.equal(reading.start);
  expect(addressOf(message.from)).to.deep.equal(reading.from);
  expect(addressOf(message.to)).to.deep.equal(reading.to);
  expect(message.callId).to.equal(reading.callId);
  expect(`${message.cseq.number} ${message.cseq.method}`).to.equal(reading.cseq);
  expect(message.kind === "request" ? message.maxForwards : undefined).to.equal(reading.maxForwards);
  expect(message.fields.list("via").map(viaOf)).to.deep.equal(reading.vias);
  expect(message.fields.list("contact").map(contactOf)).to.deep.equal(reading.contacts);
  expect(message.body.equals(bodyBytes(name, reading.bodyLength))).to.equal(true);
  expect(message.body).to.have.length(reading.bodyLength);
}

describe("RFC 4475, every message", () => {
  it("has a verdict here, and no verdict is without its message", () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith(".dat"));
    const verdicts = [...Object.keys(READINGS), ...Object.keys(REJECTIONS)].map((name) => `${name}.dat`);
    expect(files.toSorted()).to.deep.equal(verdicts.toSorted());
  });

  for (const [name, reading] of Object.entries(READINGS)) {
    it(`§${reading.section} ${name}: is read in all its parts`, () => expectReading(name, reading));
  }

  for (const [name, { section, status, why }] of Object.entries(REJECTIONS)) {
    it(`§${section} ${name}: ${status === undefined ? "is dropped" : `gets ${status}`}`, () => {
      const result = read(name);
      if (result.ok) throw new Error("was read");
      expect(result.why).to.match(why);
      expect(result.status).to.equal(status);
      expect(result.request === undefined).to.equal(status === undefined);
    });

    if (status === undefined) continue;
    it(`§${section} ${name}: its answer carries what could be read`, () => {
      const result = read(name);
      if (result.ok || result.request === undefined) throw new Error("cannot be answered");
      const answer = formatResponse(result.request, { status, toTag: "t1" }).toString("latin1");
      expect(answer).to.match(new RegExp(`^SIP/2\\.0 ${status} `));
      expect(answer).to.match(/\r\nVia: SIP/);
      const callId = result.request.fields.get("call-id");
      if (callId !== undefined) expect(answer).to.include(`\r\nCall-ID: ${callId}\r\n`);
    });
  }
});

describe("RFC 4475 §3.3, what is judged above the parser", () => {
  for (const [name, { start, section, sanity }] of Object.entries(READINGS)) {
    if (/^\d/.test(start)) continue; // a response
    const role = sanity === 483 ? "proxy" : "server";
    it(`§${section} ${name}: the sanity check of a ${role} ${sanity === undefined ? "passes" : `answers ${sanity}`}`, () => {
      expect(sanityCheck(requestOf(name), { supported: new Set(), role })?.status).to.equal(sanity);
    });
  }

  it("§3.3.4 unksm2: From and To of other schemes are read, for the registrar to refuse", () => {
    const { to, from } = requestOf("unksm2");
    expect(parseUri(to.uri)).to.deep.equal({ ok: true, value: { scheme: "isbn", opaque: "2983792873" } });
    expect(parseUri(from.uri)).to.deep.equal({ ok: true, value: { scheme: "http", opaque: "//www.example.com" } });
  });

  it("§3.3.5 bext01: the 420 names the unknown extensions", () => {
    const answer = sanityCheck(requestOf("bext01"), { supported: new Set() });
    expect(answer?.headers).to.deep.equal([["Unsupported", "nothingSupportsThis, nothingSupportsThisEither"]]);
  });

  it("§3.3.12, §3.3.13 cparam01, cparam02: a parameter is the header's without angle brackets, and the URI's inside", () => {
    const [outside, inside] = ["cparam01", "cparam02"].map((name) => {
      const contact = parseNameAddr(requestOf(name).fields.get("contact") ?? "");
      if (!contact.ok) throw new Error(contact.why);
      return [contact.value.parameters.has("unknownparam"), sipUriOf(contact.value.uri).parameters.has("unknownparam")];
    });
    expect(outside).to.deep.equal([true, false]);
    expect(inside).to.deep.equal([false, true]);
  });

  it("§3.3.14 regescrt: the escaped Route header stays in the Contact URI", () => {
    const contact = requestOf("regescrt").fields.list("contact").map(contactOf)[0] ?? "";
    expect(sipUriOf(contact).headers).to.equal("Route=%3Csip:sip.example.com%3E");
  });
});

describe("RFC 4475 §3.1.1, odd corners", () => {
  it("§3.1.1.1 wsinv: folded values, parameters with white space, an unusual unknown header", () => {
    const { fields } = requestOf("wsinv");
    expect(fields.get("subject")).to.equal("");
    expect(fields.get("newfangledheader")).to.equal("newfangled value continued newfangled value");
    expect(fields.get("UnknownHeaderWithUnusualValue")).to.equal(";;,,;;,;");
    const contact = parseNameAddr(fields.get("contact") ?? "");
    if (!contact.ok) throw new Error(contact.why);
    expect(contact.value.displayName).to.equal('Quoted string ""');
    expect([...contact.value.parameters]).to.deep.equal([
      ["newparam", "newvalue"],
      ["secondparam", undefined],
      ["q", "0.33"],
    ]);
  });

  it("§3.1.1.2 intmeth: a quoted header parameter of UTF-8, and a user full of separators", () => {
    const { uri, from, fields } = requestOf("intmeth");
    expect(utf8FromLatin1(from.parameters.get("fromparam''~+*_!.-%") ?? "")).to.equal("работающий");
    expect(sipUriOf(uri).password).to.equal("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    expect(fields.get("extensionHeader-!.%*+_`'~")).to.equal("\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb");
  });

  it("§3.1.1.3 esc01: escaped names of URI parameters mean what they spell", () => {
    const { parameters } = sipUriOf(requestOf("esc01").fields.list("contact").map(contactOf)[0] ?? "");
    expect([...parameters.keys()]).to.deep.equal(["lr", "name"]);
  });

  it("§3.1.1.5 esc02: an escaped header name is another name", () => {
    const { fields } = requestOf("esc02");
    expect(fields.all("contact")).to.have.length(2);
    expect(fields.get("C%6Fntact")).to.equal("<sip:alias2@host2.example.com>");
  });

  it("§3.1.1.9 semiuri: a semicolon before the @ is the user's", () => {
    expect(sipUriOf(requestOf("semiuri").uri).user).to.equal("user;par=u%40example.net");
    expect(requestOf("semiuri").fields.list("accept")).to.have.length(6);
  });
});
