import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { parse } from "ltx";
import {
  ACCEPTED_TYPES,
  type ContentFromSip,
  contentFromSip,
  OUTCOME_OF_IMDN,
} from "../../../gateway/mapping/from-sip.ts";
import type { InstantMessage } from "../../../gateway/mapping/instant-message.ts";
import { ACCEPTED_ENCODINGS } from "../../../sip/content-coding.ts";
import { IMDN_STATUSES, type ImdnNotification } from "../../../sip/imdn.ts";
import type { SipRequest } from "../../../sip/message.ts";
import { linphoneMessages } from "./linphone-messages.ts";
import { rfc7572Example } from "./rfc7572-examples.ts";
import { messageWith, requestOfExample } from "./sip-request.ts";

const MAX_BYTES = 10_000;

function contentOf(headers: readonly string[], body: Buffer | string): ContentFromSip {
  return contentFromSip({ request: messageWith(headers, body), maxBytes: MAX_BYTES });
}

function imOf(request: SipRequest): InstantMessage {
  const content = contentFromSip({ request, maxBytes: MAX_BYTES });
  if (!content.ok) throw new Error(content.why);
  if (content.kind !== "im") throw new Error(content.kind);
  return content.im;
}

const textOf = (headers: readonly string[], body: Buffer | string) => imOf(messageWith(headers, body)).text;
const latin1 = (text: string) => Buffer.from(text, "latin1");
const cpim = (headers: string, content: string) => `From: <sip:romeo@sip.test>\r\n${headers}\r\n${content}`;

describe("RFC 7572 §5: MESSAGE -> instant message", () => {
  it("example 4 -> example 5", () => {
    const im = imOf(requestOfExample(4));
    expect(im.text).to.equal(parse(rfc7572Example(5)).getChildText("body"));
    expect(im.thread).to.equal("9E97FB43-85F4-4A00-8751-1124FD4C7B2E");
    expect(im.id).to.equal("eskdgs677");
  });

  it("example 6 -> example 7: the language goes along", () => {
    expect(imOf(requestOfExample(6)).language).to.equal(parse(rfc7572Example(7)).attrs["xml:lang"]);
  });

  it("a language that is no tag stays behind: ejabberd would refuse the stanza over it", () => {
    expect(imOf(messageWith(['Content-Language: "/>\x02'], "hello"))).not.to.have.property("language");
  });

  it("the subject's UTF-8 and the compact Subject are read", () => {
    expect(imOf(messageWith(["s: Gr\xc3\xbc\xc3\x9fe", "Content-Type: text/plain"], "x")).subject).to.equal("Grüße");
  });

  it("a receipt names the Call-ID when there is no Message-ID, and none is asked for", () => {
    const im = imOf(messageWith(["Content-Type: text/plain"], "x"));
    expect(im.messageId).to.equal("call1");
    expect(im).not.to.have.property("asks");
  });

  for (const [name, headers, body, text] of [
    ["UTF-8 without a charset", ["Content-Type: text/plain"], "Grüße 👋", "Grüße 👋"],
    ["UTF-8 declared, in quotes", ['Content-Type: text/plain;charset="utf-8"'], "ü", "ü"],
    ["ISO-8859-1", ["Content-Type: text/plain;charset=ISO-8859-1"], latin1("Gr\xfc\xdfe"), "Grüße"],
    ["windows-1251", ["Content-Type: text/plain; charset=windows-1251"], latin1("\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет"],
    ["Shift_JIS", ["Content-Type: text/plain; charset=Shift_JIS"], latin1("\x82\xa0"), "あ"],
    ["UTF-16LE", ["Content-Type: text/plain; charset=utf-16le"], Buffer.from("é", "utf16le"), "é"],
    ["old phones' Latin-1 without a charset", ["Content-Type: text/plain"], latin1("Gr\xfc\xdfe"), "Grüße"],
    ["declared UTF-8 that is none", ["Content-Type: text/plain;charset=utf-8"], latin1("a\xffb"), "a\ufffdb"],
    ["no Content-Type", [], "hello", "hello"],
    ["the compact form", ["c: text/plain"], "hello", "hello"],
    [
      "HTML that is declared as plain text is its text",
      ["Content-Type: text/plain"],
      "<b>x</b> &amp;",
      "<b>x</b> &amp;",
    ],
    ["HTML", ["Content-Type: text/html"], "<body>wh<b>at</b> &amp; why</body>", "what & why"],
    ["XHTML", ["Content-Type: application/xhtml+xml"], "<p>one<br/>two</p>", "one\ntwo"],
    ["HTML in its charset", ["Content-Type: text/html;charset=iso-8859-1"], latin1("<i>\xfc</i>"), "ü"],
    ["deflate", ["Content-Type: text/plain", "Content-Encoding: deflate"], deflateSync("Grüße"), "Grüße"],
    ["bare deflate", ["Content-Type: text/plain", "e: deflate"], deflateRawSync("Grüße"), "Grüße"],
    ["gzip", ["Content-Type: text/plain", "Content-Encoding: GZIP"], gzipSync("Grüße"), "Grüße"],
    ["identity", ["Content-Type: text/plain", "Content-Encoding: identity"], "x", "x"],
    ["two codings", ["Content-Encoding: gzip, deflate"], deflateSync(gzipSync("twice")), "twice"],
  ] as const) {
    it(`text: ${name}`, () => expect(textOf(headers, body)).to.equal(text));
  }
});

describe("RFC 3862, RFC 5438 §6: message/cpim", () => {
  const CPIM = ["Content-Type: message/cpim"];

  it("the text, subject, Message-ID and what is asked for", () => {
    const body = cpim(
      "Subject: Abend\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n" +
        "imdn.Disposition-Notification: positive-delivery, display, negative-delivery, interworking\r\n",
      "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße",
    );
    const im = imOf(messageWith(CPIM, body));
    expect(im).to.deep.include({ text: "Grüße", subject: "Abend", messageId: "m1", thread: "call1" });
    expect(im.asks).to.deep.equal(["delivered", "displayed", "failed"]);
  });

  it("who asks without a Message-ID asks in vain: a notification could not name the message", () => {
    const asking = cpim("imdn.Disposition-Notification: display\r\n", "Content-Type: text/plain\r\n\r\nx");
    const im = imOf(messageWith(CPIM, asking));
    expect(im.messageId).to.equal("call1");
    expect(im).not.to.have.property("asks");
    const long = cpim(`imdn.Message-ID: ${"m".repeat(256)}\r\n`, "Content-Type: text/plain\r\n\r\nx");
    expect(imOf(messageWith(CPIM, long)).messageId).to.equal("call1");
  });

  it("HTML inside", () => {
    expect(textOf(CPIM, cpim("", "Content-Type: text/html\r\n\r\n<p>a</p><p>b</p>"))).to.equal("a\n\nb");
  });

  it("a packed part inside, and the whole packed around it", () => {
    const head = latin1(cpim("", "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n"));
    const body = Buffer.concat([head, gzipSync("hi")]);
    expect(textOf(CPIM, body)).to.equal("hi");
    expect(textOf([...CPIM, "Content-Encoding: deflate"], deflateSync(body))).to.equal("hi");
  });

  it("multipart inside", () => {
    const parts =
      "--b\r\nContent-Type: text/html\r\n\r\n<i>x</i>\r\n--b\r\nContent-Type: text/plain\r\n\r\nx!\r\n--b--";
    expect(textOf(CPIM, cpim("", `Content-Type: multipart/alternative;boundary=b\r\n\r\n${parts}`))).to.equal("x!");
  });

  it("nothing inside is nothing to pass on", () => {
    expect(contentOf(CPIM, cpim("", "Content-Type: text/plain\r\n\r\n"))).to.deep.equal({ ok: true, kind: "nothing" });
  });
});

describe("RFC 2046 §5.1: multipart", () => {
  const mixed = ['Content-Type: multipart/mixed; boundary="a b"'];
  const part = (headers: string, text: string) => `--a b\r\n${headers}\r\n\r\n${text}\r\n`;
  const whole = (...parts: readonly string[]) => `preamble\r\n${parts.join("")}--a b--\r\nepilogue`;

  it("the texts of multipart/mixed stand one below the other", () => {
    const body = whole(
      part("Content-Type: text/plain", "one"),
      part("Content-Type: text/html", "<b>two</b>"),
      part("Content-Type: text/plain", ""),
      part("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", "dGhy\r\nZWU="),
      part("Content-Type: text/plain;charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", "f=C3=BCnf=\r\n!"),
    );
    expect(textOf(mixed, body)).to.equal("one\ntwo\nthree\nfünf!");
  });

  it("of alternatives the plain one is read, else the HTML, wherever they stand", () => {
    const types = ['Content-Type: multipart/alternative; boundary="a b"'];
    const html = part("Content-Type: text/html", "<b>h</b>");
    expect(textOf(types, whole(part("Content-Type: text/plain", "p"), html))).to.equal("p");
    expect(textOf(types, whole(html, part("Content-Type: text/plain", "p")))).to.equal("p");
    expect(textOf(types, whole(part("Content-Type: application/pdf", "%"), html))).to.equal("h");
    expect(textOf(types, whole(part("Content-Type: text/plain", ""), html))).to.equal("h");
  });

  it("a multipart of an unknown kind is mixed (RFC 2046 §5.1.3)", () => {
    expect(
      textOf(['Content-Type: multipart/new; boundary="a b"'], whole(part("Content-Type: text/plain", "x"))),
    ).to.equal("x");
  });

  it("a part that is not understood leaves a notice, unless it may be left out, and alone is refused (RFC 3261 §20.11)", () => {
    const text = part("Content-Type: text/plain", "see there");
    const picture = (disposition: string) => part(`Content-Type: image/png${disposition}`, "\x89PNG");
    const optional = "\r\nContent-Disposition: attachment; handling=optional";
    expect(textOf(mixed, whole(text, picture(optional)))).to.equal("see there");
    const notice = "[A part of this message is left out: image/png is not understood]";
    expect(textOf(mixed, whole(text, picture("")))).to.equal(`see there\n${notice}`);
    expect(contentOf(mixed, whole(picture("")))).to.deep.include({ ok: false, status: 415 });
    expect(contentOf(mixed, whole(picture(optional)))).to.deep.equal({ ok: true, kind: "nothing" });
  });
});

describe("RFC 5438 §11.1: IMDN", () => {
  const imdn = (notification: string, status: string) =>
    `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>m1</message-id><datetime>2026-01-01T00:00:00Z</datetime>` +
    `<${notification}><status><${status}/></status></${notification}></imdn>`;

  for (const [notification, statuses] of Object.entries(IMDN_STATUSES)) {
    for (const status of statuses) {
      const outcome = OUTCOME_OF_IMDN[notification as ImdnNotification][status];
      it(`${notification} ${status} -> ${outcome ?? "nothing"}`, () => {
        const expected =
          outcome === undefined
            ? { kind: "nothing" }
            : { kind: "disposition", disposition: { messageId: "m1", outcome } };
        const body = imdn(notification, status);
        expect(contentOf(["Content-Type: message/imdn+xml"], body)).to.deep.equal({ ok: true, ...expected });
        const wrapped = cpim("imdn.Message-ID: m2\r\n", `Content-Type: message/imdn+xml\r\n\r\n${body}`);
        expect(contentOf(["Content-Type: message/cpim"], wrapped)).to.deep.equal({ ok: true, ...expected });
      });
    }
  }

  it("only a failure is a failure: what is forbidden to tell, or not displayed, has been delivered", () => {
    const failing = Object.values(OUTCOME_OF_IMDN).flatMap((row) =>
      Object.entries(row).flatMap(([status, outcome]) => (outcome === "failed" ? [status] : [])),
    );
    expect(failing).to.deep.equal(["failed", "error"]);
  });
});

describe("RFC 3994: composing", () => {
  it("state and refresh, on its own and in CPIM", () => {
    const body =
      '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state><refresh>90</refresh></isComposing>';
    const expected = { ok: true, kind: "composing", composing: { state: "active", refreshSeconds: 90 } };
    expect(contentOf(["Content-Type: application/im-iscomposing+xml"], body)).to.deep.equal(expected);
    const wrapped = cpim("", `Content-Type: application/im-iscomposing+xml\r\n\r\n${body}`);
    expect(contentOf(["Content-Type: message/cpim"], wrapped)).to.deep.equal(expected);
  });
});

describe("RFC 3834 §5: Auto-Submitted", () => {
  const isAutomatic = (...headers: readonly string[]) => imOf(messageWith(headers, "x")).automatic === true;

  it("marks what a program sent", () => {
    expect(isAutomatic("Auto-Submitted: auto-generated")).to.equal(true);
    expect(isAutomatic("Auto-Submitted: Auto-Replied;x=y")).to.equal(true);
    expect(isAutomatic("Auto-Submitted: nonsense")).to.equal(true);
    expect(isAutomatic("Auto-Submitted: no")).to.equal(false);
    expect(isAutomatic("auto-submitted: No ;x=y")).to.equal(false);
    expect(isAutomatic()).to.equal(false);
  });
});

describe("RFC 3261 §21.4: bodies that are refused", () => {
  const TEXT = "Content-Type: text/plain";
  for (const [name, headers, body, status, accept] of [
    ["a type that is no text", ["Content-Type: application/pdf"], "x", 415, ["Accept", ACCEPTED_TYPES]],
    ["a file offer", ["Content-Type: application/vnd.gsma.rcs-ft-http+xml"], "x", 415, ["Accept", ACCEPTED_TYPES]],
    ["an unknown charset", [`${TEXT};charset=klingon`], "x", 415, ["Accept", ACCEPTED_TYPES]],
    ["an unknown coding", [TEXT, "Content-Encoding: br"], "x", 415, ["Accept-Encoding", ACCEPTED_ENCODINGS]],
    ["a third coding", ["Content-Encoding: gzip, gzip, gzip"], "x", 415, ["Accept-Encoding", ACCEPTED_ENCODINGS]],
    [
      "an unknown transfer encoding",
      ["Content-Transfer-Encoding: x-uue"],
      "x",
      415,
      ["Accept-Encoding", ACCEPTED_ENCODINGS],
    ],
    ["a Content-Type that is none", ["Content-Type: ;;"], "x", 400, undefined],
    ["a compressed body that is none", [TEXT, "Content-Encoding: deflate"], "x", 400, undefined],
    ["a cut gzip", [TEXT, "Content-Encoding: gzip"], gzipSync("hello").subarray(0, 15), 400, undefined],
    ["damaged base64", [TEXT, "Content-Transfer-Encoding: base64"], "a%b", 400, undefined],
    ["CPIM that is none", ["Content-Type: message/cpim"], "x", 400, undefined],
    ["an IMDN about nothing", ["Content-Type: message/imdn+xml"], "<imdn/>", 400, undefined],
    ["a composing notice that is none", ["Content-Type: application/im-iscomposing+xml"], "writing", 400, undefined],
    ["multipart without boundary", ["Content-Type: multipart/mixed"], "x", 400, undefined],
    [
      "a PDF in CPIM",
      ["Content-Type: message/cpim"],
      cpim("", "Content-Type: application/pdf\r\n\r\nx"),
      415,
      ["Accept", ACCEPTED_TYPES],
    ],
  ] as const) {
    it(`${status}: ${name}`, () => {
      const content = contentOf(headers, body);
      expect(content).to.deep.include({ ok: false, status });
      if (!content.ok) expect(content.accept).to.deep.equal(accept);
    });
  }

  it("413: what unpacks to more than may be sent, with the size named", () => {
    for (const [coding, bomb] of [
      ["deflate", deflateSync(Buffer.alloc(MAX_BYTES + 1))],
      ["gzip", gzipSync(Buffer.alloc(MAX_BYTES + 1))],
      ["deflate, deflate", deflateSync(deflateSync(Buffer.alloc(5_000_000)))],
    ] as const) {
      const content = contentOf([TEXT, `Content-Encoding: ${coding}`], bomb);
      expect(content, coding).to.deep.include({ ok: false, status: 413 });
      if (!content.ok) expect(content.why).to.include(`${MAX_BYTES} bytes`);
    }
    expect(textOf([TEXT, "Content-Encoding: deflate"], deflateSync("x".repeat(MAX_BYTES)))).to.have.length(MAX_BYTES);
  });

  it("413: many packed parts that only together are too much", () => {
    const packed = gzipSync("x".repeat(MAX_BYTES)).toString("base64");
    const part = `--b\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n${packed}\r\n`;
    const send = (parts: number) =>
      contentOf(["Content-Type: multipart/mixed;boundary=b"], `${part.repeat(parts)}--b--`);
    expect(send(2)).to.deep.include({ ok: true, kind: "im" });
    expect(send(3)).to.deep.include({ ok: false, status: 413 });
  });

  it("400: bodies within bodies within bodies within bodies, and more parts than anybody has", () => {
    const nested = (depth: number): string =>
      depth === 0 ? "Content-Type: text/plain\r\n\r\nx" : cpimLayer(nested(depth - 1));
    const cpimLayer = (inner: string) => `Content-Type: message/cpim\r\n\r\nFrom: <sip:a@b>\r\n\r\n${inner}`;
    const body = (depth: number) => `From: <sip:a@b>\r\n\r\n${nested(depth)}`;
    expect(textOf(["Content-Type: message/cpim"], body(2))).to.equal("x");
    expect(contentOf(["Content-Type: message/cpim"], body(3))).to.deep.include({ ok: false, status: 400 });
    const parts = "--b\r\n\r\nx\r\n".repeat(33);
    expect(contentOf(["Content-Type: multipart/mixed;boundary=b"], parts)).to.deep.include({ ok: false, status: 400 });
  });

  it("an empty body says nothing", () => {
    expect(contentOf([TEXT], "")).to.deep.equal({ ok: true, kind: "nothing" });
    expect(contentOf([], "")).to.deep.equal({ ok: true, kind: "nothing" });
  });
});

describe("what Linphone 5.1 sends", () => {
  const contentsOf = (file: string) =>
    linphoneMessages(file).map((request) => contentFromSip({ request, maxBytes: MAX_BYTES }));
  const summary = (content: ContentFromSip) => {
    if (!content.ok) return content.why;
    if (content.kind === "im") return content.im.text;
    if (content.kind === "disposition") return `${content.disposition.outcome} ${content.disposition.messageId}`;
    return content.kind === "composing" ? `${content.composing.state} ${content.composing.refreshSeconds}` : "nothing";
  };

  it("texts, composing notices and IMDNs without CPIM, the IMDN of a delivery packed", () => {
    expect(contentsOf("message-composing-imdn").map(summary)).to.deep.equal([
      "active 60",
      "Hello & <b>wörld</b>",
      "delivered i5YmgwbKdb",
      "Reply <&> ü",
      "delivered -sys7u2k1j",
      "active 60",
      "displayed -sys7u2k1j",
    ]);
  });

  it("the same in CPIM, a composing notice packed with its CPIM", () => {
    expect(contentsOf("message-cpim").map(summary)).to.include.members([
      "cpim hello",
      "delivered D3QK4m61PYib",
      "active 60",
    ]);
  });

  it("the Message-ID and what is asked for, as its header names them", () => {
    const ims = contentsOf("message-cpim").flatMap((content) =>
      content.ok && content.kind === "im" ? [content.im] : [],
    );
    expect(ims[0]).to.deep.include({ messageId: "D3QK4m61PYib", asks: ["delivered", "failed", "displayed"] });
  });
});
