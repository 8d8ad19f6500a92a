import { expect } from "chai";
import {
  aorOf,
  decodeUser,
  encodeUriParameter,
  encodeUser,
  formatUri,
  isSipUri,
  parseUri,
  type SipUri,
  type Uri,
} from "../../sip/uri.ts";
import { uriEquals } from "../../sip/uri-equality.ts";

function uriOf(text: string): Uri {
  const uri = parseUri(text);
  if (!uri.ok) throw new Error(`${text}: ${uri.why}`);
  return uri.value;
}

function sipUriOf(text: string): SipUri {
  const uri = uriOf(text);
  if (!isSipUri(uri)) throw new Error(`${text}: not a SIP URI`);
  return uri;
}

describe("RFC 3261 §19.1.1 SIP and SIPS URIs", () => {
  it("are taken apart as written", () => {
    const uri = sipUriOf(
      "SIPS:al%69ce:s3cret@[2001:DB8::1]:5061;Transport=TLS;lr;gr=urn:uuid:f81d4fae?subject=a%20b&to=x",
    );
    expect({ ...uri, parameters: [...uri.parameters] }).to.deep.equal({
      scheme: "sips",
      user: "al%69ce",
      password: "s3cret",
      host: "2001:DB8::1",
      port: 5061,
      parameters: [
        ["transport", "TLS"],
        ["lr", undefined],
        ["gr", "urn:uuid:f81d4fae"],
      ],
      headers: "subject=a%20b&to=x",
    });
  });

  // §19.1.3, and what RFC 4475 and real clients write.
  const whole = [
    "sip:alice@atlanta.com",
    "sip:alice:secretword@atlanta.com;transport=tcp",
    "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
    "sip:+1-212-555-1212:1234@gateway.com;user=phone",
    "sips:1212@gateway.com",
    "sip:alice@192.0.2.4",
    "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
    "sip:alice;day=tuesday@atlanta.com",
    "sip:r2l4e90bi0g7.invalid;transport=ws",
    "sip:alice@sip.test;gr=urn:uuid:bf693ef5-2d29-0051-a4a3-3d22162ae171",
    "sip:[::1]:5060",
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
    "tel:+358-555-1234567",
    "urn:service:sos",
  ];
  for (const text of whole) {
    it(`${text} stays as it is through parse and format`, () => expect(formatUri(uriOf(text))).to.equal(text));
  }

  const refused: readonly (readonly [text: string, why: RegExp])[] = [
    ["", /scheme/],
    ["alice@sip.test", /scheme/],
    ["<sip:alice@sip.test>", /scheme/],
    ["sip:", /not a host/],
    ["sip:@sip.test", /empty user/],
    ["sip:alice@", /not a host/],
    ["sip:al ice@sip.test", /unescaped/],
    ["sip:alice@sip test", /not a host/],
    ["sip:alice@sip.test:0", /not a port/],
    ["sip:alice@sip.test:65536", /not a port/],
    ["sip:alice@sip.test:", /not a port/],
    ["sip:alice@[::1", /IPv6/],
    ["sip:alice@[::1]x", /after an IPv6/],
    ["sip:alice@[sip.test]", /IPv6/],
    ["sip:%zz@sip.test", /unescaped/],
    ["sip:%4@sip.test", /unescaped/],
    ["sip:a@b@sip.test", /not a host/],
    ["sip:alice@sip.test;a=1;a=2", /twice/],
    ["sip:alice@sip.test;;lr", /empty/],
    ["sip:alice@sip.test;a=", /empty/],
    ["sip:alice@sip.test;a=b c", /unescaped/],
    ["sip:\xc3\xa4@sip.test", /unescaped/],
    ["sip:alice@sip.test?a=b@c", /unescaped/],
    ["tel:", /nothing after/],
    ["tel:+1 2", /escaped/],
    ["http://a/%g0", /escape/],
  ];
  for (const [text, why] of refused) {
    it(`${JSON.stringify(text)} is refused: ${why.source}`, () => {
      const uri = parseUri(text);
      if (uri.ok) throw new Error("was read");
      expect(uri.why).to.match(why);
    });
  }
});

describe("RFC 3261 §25.1 escapes of the user part, as RFC 7247 §5 uses them", () => {
  const pairs: readonly (readonly [text: string, user: string])[] = [
    ["alice", "alice"],
    ["&=+$,;?/-_.!~*'()", "&=+$,;?/-_.!~*'()"],
    ["a b", "a%20b"],
    ['"#%<>@[\\]^`{|}:', "%22%23%25%3C%3E%40%5B%5C%5D%5E%60%7B%7C%7D%3A"],
    ["Алиса", "%D0%90%D0%BB%D0%B8%D1%81%D0%B0"],
    ["\u{1f600}", "%F0%9F%98%80"],
    ["\r\n\0", "%0D%0A%00"],
  ];
  for (const [text, user] of pairs) {
    it(`${JSON.stringify(text)} is written ${user}`, () => {
      expect(encodeUser(text)).to.equal(user);
      expect(decodeUser(user)).to.equal(text);
      expect(uriOf(`sip:${user}@sip.test`)).to.include({ user });
    });
  }

  it("bytes that are no UTF-8 are replaced, a broken escape stays", () => {
    expect(decodeUser("%ff%C3")).to.equal("\ufffd\ufffd");
    expect(decodeUser("100%")).to.equal("100%");
  });

  it("a URI parameter escapes what would end it", () => {
    expect(encodeUriParameter("Balcony; 1=ä?")).to.equal("Balcony%3B%201%3D%C3%A4%3F");
  });

  it("no part of a formatted URI spills into the next", () => {
    const uri: SipUri = {
      scheme: "sip",
      user: "a@b:c\r\nd",
      host: "sip.test",
      parameters: new Map([["gr", "x;lr=%3B"]]),
      headers: "",
    };
    expect(formatUri(uri)).to.equal("sip:a%40b%3Ac%0D%0Ad@sip.test;gr=x%3Blr%3D%3B");
  });
});

describe("RFC 3261 §10.3 the address-of-record of a URI", () => {
  const aors = {
    "sip:Alice@SIP.Test:5070;transport=tcp?x=y": "Alice@sip.test",
    "sips:%61lice@sip.test": "alice@sip.test",
    "sip:%d0%90@sip.test": "%D0%90@sip.test",
    "sip:a%3bb@sip.test": "a;b@sip.test",
    "sip:alice@[2001:DB8::1]": "alice@[2001:db8::1]",
    "sip:SIP.test": "sip.test",
  };
  for (const [text, aor] of Object.entries(aors)) {
    it(`${text} is ${aor}`, () => expect(aorOf(sipUriOf(text))).to.equal(aor));
  }
});

describe("RFC 3261 §19.1.4 URI comparison", () => {
  const same: readonly (readonly [string, string])[] = [
    ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;security=on"],
    [
      "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ],
    [
      "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
      "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ],
    ["sip:alice@sip.test", "sip:alice@sip.test;gr=urn:uuid:f81d4fae"], // RFC 5627 §5.4
    ["tel:+1", "TEL:+1"],
  ];
  const different: readonly (readonly [string, string])[] = [
    ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
    ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ["sip:bob@biloxi.com", "sips:bob@biloxi.com"],
    ["sip:bob@biloxi.com", "sip:bob:pw@biloxi.com"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=1.2.3.4"],
    ["sip:a;b@biloxi.com", "sip:a%3Bb@biloxi.com"], // a reserved character escaped is another one
    ["sip:bob@biloxi.com", "tel:+1"],
    ["tel:+1", "tel:+2"],
  ];
  for (const [one, other] of same) {
    it(`${one} = ${other}`, () => {
      expect(uriEquals(uriOf(one), uriOf(other))).to.equal(true);
      expect(uriEquals(uriOf(other), uriOf(one))).to.equal(true);
    });
  }
  for (const [one, other] of different) {
    it(`${one} ≠ ${other}`, () => {
      expect(uriEquals(uriOf(one), uriOf(other))).to.equal(false);
      expect(uriEquals(uriOf(other), uriOf(one))).to.equal(false);
    });
  }
});
