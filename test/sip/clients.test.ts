import { expect } from "chai";
import { parseMessage } from "../../sip/embedded/parse.ts";
import type { Flow } from "../../sip/flow.ts";
import type { SipMessage } from "../../sip/message.ts";
import { parseNameAddr } from "../../sip/name-addr.ts";
import { isSipUri, parseUri } from "../../sip/uri.ts";
import { parseVia } from "../../sip/via.ts";
import { readCaptures } from "./captures.ts";

const FLOW: Flow = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 25060 },
  remote: { address: "127.0.0.1", port: 25401 },
};

const captures = readCaptures();

function messageOf(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes, FLOW);
  if (!result.ok) throw new Error(result.why);
  return result.message;
}

function messagesFrom(client: string): readonly SipMessage[] {
  return captures.filter(({ source }) => source.startsWith(client)).map(({ bytes }) => messageOf(bytes));
}

describe("what real clients send", () => {
  it("is a few hundred messages of four clients", () => {
    expect(captures.length).to.be.greaterThan(200);
  });

  it("parses, every message of it, with every header line", () => {
    const refused = captures.flatMap(({ source, bytes, fields }) => {
      const result = parseMessage(bytes, FLOW);
      if (!result.ok) return [`${source}: ${result.why}`];
      const read = result.message.fields.entries().filter(([name]) => !/^content-length$/i.test(name));
      return read.length === fields.length ? [] : [`${source}: ${read.length} of ${fields.length} lines`];
    });
    expect(refused).to.deep.equal([]);
  });

  it("has Vias, Contacts, Routes and Request-URIs that parse, every value of them", () => {
    const wrong: string[] = [];
    for (const { source, bytes } of captures) {
      const message = messageOf(bytes);
      const vias = message.fields.list("via").map(parseVia);
      const addresses = ["contact", "route", "record-route"]
        .flatMap((name) => message.fields.list(name))
        .map(parseNameAddr);
      const target = message.kind === "request" ? [parseUri(message.uri)] : [];
      for (const part of [...vias, ...addresses, ...target]) if (!part.ok) wrong.push(`${source}: ${part.why}`);
      for (const part of addresses) {
        const uri = part.ok ? parseUri(part.value.uri) : part;
        if (!uri.ok || !isSipUri(uri.value)) wrong.push(`${source}: not a SIP URI`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it("Linphone: To without angle brackets, the tag of the answer a header parameter", () => {
    const [register, challenge] = messagesFrom("linphone/register");
    expect(register?.to).to.deep.include({ uri: "sip:alice@sip.test", tag: undefined });
    expect(challenge?.to.uri).to.equal("sip:alice@sip.test");
    expect(challenge?.to.tag).to.be.a("string");
  });

  it("Linphone: three Accept lines, no Content-Length, two spaces after Authorization:", () => {
    const [register, , again] = messagesFrom("linphone/message-composing-imdn");
    expect(register?.fields.list("accept")).to.have.length(3);
    expect(register?.fields.has("content-length")).to.equal(false);
    expect(register?.body).to.have.length(0);
    expect(again?.fields.get("authorization")).to.match(/^Digest realm="sip.test"/);
  });

  it("Linphone: pub-gruu and instance are quoted parameters with separators in them", () => {
    const contact = messagesFrom("linphone/rls-and-group-chat")
      .flatMap(({ fields }) => fields.list("contact").map(parseNameAddr))
      .find((each) => each.ok && each.value.parameters.has("pub-gruu"));
    expect(contact?.ok).to.equal(true);
    const parameters = contact?.ok ? contact.value.parameters : new Map<string, string>();
    expect(parameters.get("pub-gruu")).to.match(/^sip:alice@sip\.test;gr=urn:uuid:/);
    expect(parameters.get("+sip.instance")).to.match(/^<urn:uuid:.*>$/);
  });

  it("baresip: an empty Supported has no values", () => {
    const empty = messagesFrom("baresip").filter(({ fields }) => fields.get("supported") === "");
    expect(empty).not.to.have.length(0);
    for (const { fields } of empty) expect(fields.list("supported")).to.deep.equal([]);
  });

  it("SIP.js: hosts of .invalid in Via and Contact", () => {
    const [register] = messagesFrom("sipjs");
    expect(register?.via.protocol).to.equal("WS");
    expect(register?.via.host).to.match(/\.invalid$/);
    expect(register?.via.parameters.get("received")).to.equal("127.0.0.1");
  });
});
