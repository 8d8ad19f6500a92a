import { expect } from "chai";
import { formatImdn, IMDN_STATUSES, parseImdn } from "../../sip/imdn.ts";

function imdnOf(xml: string) {
  const imdn = parseImdn(Buffer.from(xml));
  return imdn.ok ? imdn.value : imdn.why;
}

const NAMESPACE = 'xmlns="urn:ietf:params:xml:ns:imdn"';
const DELIVERED = { messageId: "34jk324j", notification: "delivery-notification", status: "delivered" };

describe("RFC 5438 §11.1: message/imdn+xml is read", () => {
  it("in lines, with everything that may stand there", () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
      <imdn ${NAMESPACE}>
        <message-id>34jk324j</message-id>
        <datetime>2008-04-04T12:16:49-05:00</datetime>
        <recipient-uri>im:bob@example.com</recipient-uri>
        <original-recipient-uri>im:bob@example.com</original-recipient-uri>
        <subject>a</subject>
        <delivery-notification>
          <status>
            <delivered/>
          </status>
        </delivery-notification>
      </imdn>`;
    expect(imdnOf(xml)).to.deep.equal(DELIVERED);
  });

  it("with namespace prefixes, an escaped id and a byte order mark", () => {
    const xml =
      `\ufeff<i:imdn xmlns:i="urn:ietf:params:xml:ns:imdn"><i:message-id>&lt;a&amp;b&gt;</i:message-id>` +
      "<i:display-notification><i:status><i:displayed/></i:status></i:display-notification></i:imdn>";
    expect(imdnOf(xml)).to.deep.equal({
      messageId: "<a&b>",
      notification: "display-notification",
      status: "displayed",
    });
  });

  it("with an extension beside the status", () => {
    const xml =
      `<imdn ${NAMESPACE}><message-id>1</message-id><delivery-notification><status><failed/>` +
      '<reason xmlns="http://www.linphone.org/xsds/imdn.xsd" code="603">declined</reason></status></delivery-notification></imdn>';
    expect(imdnOf(xml)).to.deep.include({ status: "failed" });
  });

  const about = (inner: string) => `<imdn ${NAMESPACE}><message-id>1</message-id>${inner}</imdn>`;
  for (const [name, xml, why] of [
    ["nothing", "", "the XML is not well-formed"],
    ["no XML", "delivered", "the XML is not well-formed"],
    ["an element that does not end", `<imdn ${NAMESPACE}><message-id>`, "the XML is not well-formed"],
    ["an unknown entity", about("&x;"), "the XML is not well-formed"],
    ["a DOCTYPE", `<!DOCTYPE x [<!ENTITY a "b">]>${about("")}`, "XML with a DOCTYPE"],
    ["another document", "<isComposing/>", "the root of an IMDN is <imdn/>"],
    ["no message-id", `<imdn ${NAMESPACE}/>`, "an IMDN without message-id"],
    ["a message-id of 256", about("").replace(">1<", `>${"1".repeat(256)}<`), "the message-id of the IMDN is too long"],
    ["no notification", about(""), "an IMDN that notifies of nothing"],
    ["no status", about("<display-notification/>"), "a display-notification without a known status"],
    [
      "a status of another notification",
      about("<display-notification><status><delivered/></status></display-notification>"),
      "a display-notification without a known status",
    ],
    ["8193 bytes", about(" ".repeat(8192)), "the XML is larger than 8192 bytes"],
    ["elements within elements", about("<a>".repeat(20) + "</a>".repeat(20)), "the XML is nested too deep"],
    ["thousands of them", about("<a>".repeat(1000) + "</a>".repeat(1000)), "the XML is nested too deep"],
  ] as const) {
    it(`refused: ${name}`, () => expect(imdnOf(xml)).to.equal(why));
  }
});

describe("RFC 5438 §11.1: message/imdn+xml is written", () => {
  const parts = { dateTime: "2026-01-01T00:00:00Z", recipientUri: "sip:a&b@h" };

  for (const [notification, statuses] of Object.entries(IMDN_STATUSES)) {
    for (const status of statuses) {
      it(`${notification} ${status} comes back`, () => {
        const imdn = {
          messageId: `<"m&'1">\u{1f44b}`,
          notification: notification as keyof typeof IMDN_STATUSES,
          status,
        };
        expect(imdnOf(formatImdn({ ...imdn, ...parts }).toString())).to.deep.equal(imdn);
      });
    }
  }

  it("what XML forbids is replaced, never sent", () => {
    const imdn = { messageId: "a\u0000b\ud800", notification: "display-notification", status: "displayed" } as const;
    expect(imdnOf(formatImdn({ ...imdn, ...parts }).toString())).to.deep.include({ messageId: "a\ufffdb\ufffd" });
  });
});
