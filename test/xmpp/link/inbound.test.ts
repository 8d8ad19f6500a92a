import xml from "@xmpp/xml";
import { expect } from "chai";
import type { IqAnswer } from "../../../xmpp/link/link.ts";
import { parseStanzaError } from "../../../xmpp/stanza-error.ts";
import { waitFor } from "../../peers/wait-for.ts";
import { idsOf, LinkFixture } from "./link-fixture.ts";

describe("what comes by the link", () => {
  let fixture: LinkFixture;
  beforeEach(() => {
    fixture = new LinkFixture();
  });
  afterEach(() => fixture.stop());

  it("UTF-8 split at every byte is whole", async () => {
    await fixture.start();
    const connection = await fixture.online();
    const bytes = Buffer.from("<message from='a@xmpp.test' to='b@sip.test'><body>grüß 😀 語</body></message>");
    for (const byte of bytes) {
      connection.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor("the message", () => fixture.received.length === 1);
    expect(fixture.received[0]?.getChildText("body")).to.equal("grüß 😀 語");
  });

  it("messages and presence in order, to every listener, past one that throws", async () => {
    await fixture.start();
    const connection = await fixture.online();
    const seen: (string | undefined)[] = [];
    fixture.link.onStanza(() => {
      throw new Error("broken listener");
    });
    fixture.link.onStanza((stanza) => seen.push(stanza.attrs["id"]));
    const stanzas = Array.from({ length: 50 }, (_, number) =>
      number % 2 === 0
        ? `<message id='${number}' from='a@xmpp.test' to='b@sip.test'/>`
        : `<presence id='${number}' from='a@xmpp.test' to='sip.test'/>`,
    );
    connection.write(stanzas.join(""));
    await waitFor("all of them", () => seen.length === 50);
    expect(seen).to.deep.equal(Array.from({ length: 50 }, (_, number) => `${number}`));
    expect(fixture.logged.filter(({ msg }) => msg === "a stanza listener failed")).to.have.length(50);
    expect(fixture.link.status().state).to.equal("online");
  });

  it("nothing without a sender, without a recipient, or for another domain", async () => {
    await fixture.start();
    const connection = await fixture.online();
    connection.write("<message id='1' to='b@sip.test'/><message id='2' from='a@x.test'/>");
    connection.write("<iq type='get' id='3' from='a@x.test' to='b@x.test'><q/></iq>");
    connection.write("<message id='4' from='a@x.test' to='b@sip.test'/>");
    await waitFor("the last", () => fixture.received.length === 1);
    expect(idsOf(fixture.received)).to.deep.equal(["4"]);
    expect(fixture.logged.filter(({ msg }) => msg.startsWith("stanza dropped"))).to.have.length(3);
    expect(connection.stanzas).to.deep.equal([]);
  });

  it("an IQ get is answered, a result and an error are not", async () => {
    await fixture.start();
    const connection = await fixture.online();
    for (const type of ["result", "error", "get"]) {
      connection.write(`<iq type='${type}' id='${type}' from='a@x.test/r' to='b@sip.test'><q xmlns='urn:x'/></iq>`);
    }
    await waitFor("the answer", () => connection.stanzas.length === 1);
    expect(connection.stanzas[0] && parseStanzaError(connection.stanzas[0])?.condition).to.equal("service-unavailable");
    expect(idsOf(connection.stanzas)).to.deep.equal(["get"]);
  });

  it("a stanza 5,000 levels deep or not well-formed costs its sender an error and the link nothing", async () => {
    await fixture.start();
    const connection = await fixture.online();
    const deep = `${"<x>".repeat(5000)}${"</x>".repeat(5000)}`;
    connection.write(`<iq type='get' id='deep' from='a@x.test/r' to='b@sip.test'>${deep}</iq>`);
    connection.write("<message id='next' from='a@x.test' to='b@sip.test'><body>&#0;</body></message>");
    connection.write("<message id='last' from='a@x.test' to='b@sip.test'/>");
    await waitFor("both errors", () => connection.stanzas.length === 2);
    expect(idsOf(connection.stanzas)).to.deep.equal(["deep", "next"]);
    const conditions = connection.stanzas.map((stanza) => parseStanzaError(stanza)?.condition);
    expect(conditions).to.deep.equal(["policy-violation", "policy-violation"]);
    expect(idsOf(fixture.received)).to.deep.equal(["last"]);
  });

  it("one space goes back for a turn in which stanzas came and nothing else is written", async () => {
    await fixture.start();
    const connection = await fixture.online();
    await waitFor("the space for the first answer", () => connection.spaces > 0);
    const before = connection.spaces;
    connection.write("<message from='a@x.test' to='b@sip.test'/>".repeat(100));
    await waitFor("the space", () => fixture.received.length === 100 && connection.spaces > before);
    expect(connection.spaces - before).to.be.lessThan(20);
  });

  it("a flood of keep-alives is neither answered nor kept", async () => {
    await fixture.start();
    const connection = await fixture.online();
    await waitFor("the space for the first answer", () => connection.spaces > 0);
    const before = connection.spaces;
    for (let round = 0; round < 1000; round += 1) {
      connection.write(" ".repeat(100));
    }
    connection.write("<message from='a@x.test' to='b@sip.test'/>");
    await waitFor("the message behind it", () => fixture.received.length === 1);
    expect(fixture.received[0]?.root().children).to.deep.equal([]);
    expect(connection.spaces - before).to.be.lessThan(5);
  });
});

describe("RFC 6120 §8.2.3 requests by the link", () => {
  let fixture: LinkFixture;
  beforeEach(() => {
    fixture = new LinkFixture();
  });
  afterEach(() => fixture.stop());

  it("are answered by the address that was asked and by nobody else", async () => {
    await fixture.start();
    const connection = await fixture.online();
    const answers: IqAnswer[] = [];
    const request = xml("iq", { type: "get", from: "sip.test", to: "a@x.test/r" }, xml("query", { xmlns: "urn:x" }));
    const asked = fixture.link.iq(request).then((answer) => answers.push(answer));
    await waitFor("the request", () => connection.stanzas.length === 1);
    const id = connection.stanzas[0]?.attrs["id"];
    connection.write(`<iq type='result' id='${id}' from='mallory@x.test/r' to='sip.test'><forged/></iq>`);
    connection.write(`<iq type='result' id='${id}' from='a@x.test/r' to='sip.test'><genuine/></iq>`);
    await asked;
    expect(answers[0]?.stanza?.getChildElements().map(({ name }) => name)).to.deep.equal(["genuine"]);
  });

  it("end with the link, without waiting for the timeout", async () => {
    await fixture.start();
    const connection = await fixture.online();
    const asked = fixture.link.iq(xml("iq", { type: "get", from: "sip.test", to: "a@x.test/r" }, xml("query")));
    await waitFor("the request", () => connection.stanzas.length === 1);
    connection.reset();
    expect(await asked).to.deep.equal({ ok: false, why: "disconnected" });
  });

  it("time out, and one that has not left does not leave any more", async () => {
    await fixture.start();
    (await fixture.online()).reset();
    await fixture.waiting();
    const asked = fixture.link.iq(xml("iq", { type: "get", from: "sip.test", to: "a@x.test/r" }, xml("query")), 50);
    fixture.clock.turn(50);
    expect(await asked).to.deep.equal({ ok: false, why: "timeout" });
    expect(fixture.link.status().queued).to.equal(0);
  });

  it("are refused when they cannot be sent", async () => {
    await fixture.start();
    const asked = fixture.link.iq(xml("iq", { type: "get", from: "elsewhere.test", to: "a@x.test/r" }, xml("query")));
    expect(await asked).to.deep.equal({ ok: false, why: "refused" });
  });
});
