import { expect } from "chai";
import type { Flow } from "../../sip/flow.ts";
import { type HeaderField, HeaderFields } from "../../sip/header-fields.ts";
import {
  applyRegister,
  type Binding,
  formatContacts,
  REGISTRAR_LIMITS,
  type RegisterInput,
  type RegisterOutcome,
} from "../../sip/registrar.ts";

const AOR = "alice@sip.test";
const NOW = 1_700_000_000_000;
const FLOW: Flow = {
  protocol: "udp",
  local: { address: "127.0.0.1", port: 5060 },
  remote: { address: "192.0.2.7", port: 40_000 },
};
const PHONE = "<sip:alice@192.0.2.7:40000;transport=udp>";
const INSTANCE = "<urn:uuid:b34cfd44-82f8-0042-86de-81926abef5af>";

interface Registering {
  readonly contacts?: readonly string[];
  readonly expires?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly current?: readonly Binding[];
  readonly nowMs?: number;
  readonly rport?: boolean; // true if absent
  readonly flow?: Flow;
}

function register(other: Registering): RegisterOutcome {
  const fields: HeaderField[] = (other.contacts ?? []).map((value) => ["Contact", value]);
  if (other.expires !== undefined) fields.push(["Expires", other.expires]);
  fields.push(["User-Agent", "phone/1.0"]);
  const input: RegisterInput = {
    request: {
      fields: new HeaderFields(fields),
      callId: other.callId ?? "call-1",
      cseq: { number: other.cseq ?? 1, method: "REGISTER" },
      flow: other.flow ?? FLOW,
      via: {
        protocol: "UDP",
        host: "192.0.2.7",
        port: 40_000,
        branch: "z9hG4bK1",
        parameters: new Map(other.rport === false ? [] : [["rport", "40000"]]),
      },
    },
    aor: AOR,
    current: other.current ?? [],
    nowMs: other.nowMs ?? NOW,
  };
  return applyRegister(input);
}

function binding(contact: string, other: Partial<Binding> = {}): Binding {
  return {
    aor: AOR,
    contact,
    instance: undefined,
    q: 1000,
    callId: "call-1",
    cseq: 1,
    expiresAt: NOW + 600_000,
    userAgent: undefined,
    flow: FLOW,
    overFlow: true,
    ...other,
  };
}

/** The outcome in one line: what is saved, removed and bound, or the refusal. */
function summary(outcome: RegisterOutcome): string {
  if (!outcome.ok) return `${outcome.status} ${outcome.reason}`;
  const uris = (bindings: readonly Binding[]) => bindings.map(({ contact }) => contact.slice(4)).join(" ");
  return `+[${uris(outcome.save)}] -[${uris(outcome.remove)}] =[${uris(outcome.bindings)}]`;
}

function seconds(outcome: RegisterOutcome): readonly number[] {
  return outcome.ok ? outcome.save.map(({ expiresAt }) => (expiresAt - NOW) / 1000) : [];
}

describe("RFC 3261 §10.3 step 8: a binding is made", () => {
  it("with all that the port stores", () => {
    const contact = `${PHONE};+sip.instance="${INSTANCE}";q=0.7`;
    const outcome = register({ contacts: [contact], expires: "600", callId: "call-9", cseq: 20 });
    const made = {
      aor: AOR,
      contact: "sip:alice@192.0.2.7:40000;transport=udp",
      instance: INSTANCE,
      q: 700,
      callId: "call-9",
      cseq: 20,
      expiresAt: NOW + 600_000,
      userAgent: "phone/1.0",
      flow: FLOW,
      overFlow: true,
    };
    expect(outcome).deep.equal({ ok: true, save: [made], remove: [], bindings: [made] });
  });

  it("for several Contacts, in one field or more", () => {
    const outcome = register({ contacts: ["<sip:a@h>, <sip:b@h>", "sip:c@h;q=0.1"] });
    expect(summary(outcome)).equal("+[a@h b@h c@h] -[] =[a@h b@h c@h]");
  });

  it("a fetch changes nothing, and shows only what has not expired", () => {
    const current = [binding("sip:a@h"), binding("sip:b@h", { expiresAt: NOW })];
    expect(summary(register({ current }))).equal("+[] -[b@h] =[a@h]");
  });
});

describe("RFC 3261 §10.2.1.1: the expiration interval", () => {
  const ROWS: readonly (readonly [string, string | undefined, string, number])[] = [
    ["the parameter goes before the field", "1200", ";expires=600", 600],
    ["the field goes for a Contact without parameter", "1200", "", 1200],
    ["3600 when nothing is said", undefined, "", 3600],
    ["3600 for a malformed parameter", "1200", ";expires=soon", 3600],
    ["3600 for a malformed field", "soon", "", 3600],
    ["clamped to 7200", "86400", "", 7200],
    ["clamped beyond 2**32", undefined, ";expires=99999999999999", 7200],
    ["60 is long enough", "60", "", 60],
  ];
  for (const [what, expires, parameter, wanted] of ROWS) {
    it(what, () => {
      const contacts = [`<sip:a@h>${parameter}`];
      expect(seconds(register(expires === undefined ? { contacts } : { contacts, expires }))).deep.equal([wanted]);
    });
  }

  it("each Contact has its own", () => {
    expect(seconds(register({ contacts: ["<sip:a@h>;expires=100, <sip:b@h>"], expires: "200" }))).deep.equal([
      100, 200,
    ]);
  });

  it("423 with Min-Expires below the minimum, for one Contact of several too", () => {
    const refusal = { ok: false, status: 423, reason: "Interval Too Brief", headers: [["Min-Expires", "60"]] };
    expect(register({ contacts: ["<sip:a@h>"], expires: "59" })).deep.equal(refusal);
    expect(register({ contacts: ["<sip:a@h>, <sip:b@h>;expires=1"] })).deep.equal(refusal);
  });

  it("an interval of an hour is never too brief, whatever the minimum", () => {
    const request = {
      fields: new HeaderFields([["Contact", "<sip:a@h>;expires=3600"]]),
      callId: "c",
      cseq: { number: 1, method: "REGISTER" },
      flow: FLOW,
      via: { protocol: "UDP", host: "h", port: undefined, branch: undefined, parameters: new Map() },
    };
    const limits = { minExpiresSeconds: 7000 };
    expect(applyRegister({ request, aor: AOR, current: [], nowMs: NOW, limits }).ok).equal(true);
  });
});

describe("RFC 3261 §10.3 step 6: Contact *", () => {
  const current = [binding("sip:a@h"), binding("sip:b@h", { callId: "other", cseq: 99 })];
  const ROWS: readonly (readonly [string, Registering, string])[] = [
    ["with Expires: 0 removes all", { contacts: ["*"], expires: "0", cseq: 2 }, "+[] -[a@h b@h] =[]"],
    [
      "beside another Contact is refused",
      { contacts: ["*", "<sip:c@h>"], expires: "0", cseq: 2 },
      "400 Contact * Needs Expires 0 And No Other Contact",
    ],
    [
      "with another interval is refused",
      { contacts: ["*"], expires: "1", cseq: 2 },
      "400 Contact * Needs Expires 0 And No Other Contact",
    ],
    ["without Expires is refused", { contacts: ["*"], cseq: 2 }, "400 Contact * Needs Expires 0 And No Other Contact"],
    [
      "of the same Call-ID and no higher CSeq fails and removes nothing",
      { contacts: ["*"], expires: "0", cseq: 1 },
      "500 CSeq Out Of Order",
    ],
  ];
  for (const [what, registering, wanted] of ROWS) {
    it(what, () => expect(summary(register({ ...registering, current }))).equal(wanted));
  }
});

describe("RFC 3261 §10.3 step 7: an existing binding", () => {
  const current = [binding("sip:a@h", { cseq: 5 })];
  const ROWS: readonly (readonly [string, Registering, string])[] = [
    ["same Call-ID, higher CSeq: refreshed", { contacts: ["<sip:a@h>"], cseq: 6 }, "+[a@h] -[] =[a@h]"],
    ["same Call-ID, equal CSeq: fails", { contacts: ["<sip:a@h>"], cseq: 5 }, "500 CSeq Out Of Order"],
    ["same Call-ID, lower CSeq: fails", { contacts: ["<sip:a@h>"], cseq: 4 }, "500 CSeq Out Of Order"],
    ["another Call-ID: refreshed", { contacts: ["<sip:a@h>"], cseq: 1, callId: "new" }, "+[a@h] -[] =[a@h]"],
    ["removed by expires=0", { contacts: ["<sip:a@h>;expires=0"], cseq: 6 }, "+[] -[a@h] =[]"],
    ["an old removal that came late fails", { contacts: ["<sip:a@h>;expires=0"], cseq: 5 }, "500 CSeq Out Of Order"],
    ["removal of what is not bound is no fault", { contacts: ["<sip:z@h>;expires=0"] }, "+[] -[] =[a@h]"],
    ["one failure fails all", { contacts: ["<sip:new@h>, <sip:a@h>"], cseq: 5 }, "500 CSeq Out Of Order"],
    ["the host is compared without case", { contacts: ["<sip:a@H>"], cseq: 6 }, "+[a@H] -[a@h] =[a@H]"],
    ["the user is compared with case", { contacts: ["<sip:A@h>"], cseq: 6 }, "+[A@h] -[] =[a@h A@h]"],
    [
      "transport makes another URI (§19.1.4)",
      { contacts: ["<sip:a@h;transport=tcp>"] },
      "+[a@h;transport=tcp] -[] =[a@h a@h;transport=tcp]",
    ],
    [
      "the same Contact twice: the later one counts",
      { contacts: ["<sip:b@h>;q=0.1, <sip:b@h>;q=0.2"] },
      "+[b@h] -[] =[a@h b@h]",
    ],
  ];
  for (const [what, registering, wanted] of ROWS) {
    it(what, () => expect(summary(register({ ...registering, current }))).equal(wanted));
  }

  it("an expired binding has no say in the CSeq", () => {
    const expired = [binding("sip:a@h", { cseq: 5, expiresAt: NOW - 1 })];
    expect(summary(register({ contacts: ["<sip:a@h>"], cseq: 1, current: expired }))).equal("+[a@h] -[] =[a@h]");
  });
});

describe("RFC 5626 §6: the same instance", () => {
  const current = [binding("sip:a@h:1", { instance: INSTANCE, callId: "before" }), binding("sip:b@h")];
  const of = (contact: string, parameters = "") => `<${contact}>;+sip.instance="${INSTANCE}"${parameters}`;
  const ROWS: readonly (readonly [string, Registering, string])[] = [
    ["from another port replaces the older one", { contacts: [of("sip:a@h:2")] }, "+[a@h:2] -[a@h:1] =[b@h a@h:2]"],
    [
      "another instance is another phone",
      { contacts: ['<sip:a@h:2>;+sip.instance="<urn:uuid:0>"'] },
      "+[a@h:2] -[] =[a@h:1 b@h a@h:2]",
    ],
    [
      "the new Contact beside the removal of the old one, in this order",
      { contacts: [of("sip:a@h:2"), of("sip:a@h:1", ";expires=0")] },
      "+[a@h:2] -[a@h:1] =[b@h a@h:2]",
    ],
    [
      "and in the other",
      { contacts: [of("sip:a@h:1", ";expires=0"), of("sip:a@h:2")] },
      "+[a@h:2] -[a@h:1] =[b@h a@h:2]",
    ],
    ["removed from a new port", { contacts: [of("sip:a@h:3", ";expires=0")] }, "+[] -[a@h:1] =[b@h]"],
    [
      "of the same Call-ID with an old CSeq fails",
      { contacts: [of("sip:a@h:2")], callId: "before", cseq: 1 },
      "500 CSeq Out Of Order",
    ],
  ];
  for (const [what, registering, wanted] of ROWS) {
    it(what, () => expect(summary(register({ cseq: 2, ...registering, current }))).equal(wanted));
  }
});

describe("RFC 3261 §10.3: what is refused", () => {
  const ROWS: readonly (readonly [string, readonly string[], string])[] = [
    ["a Contact that does not parse", ["<sip:a@h"], "400 Malformed Contact"],
    ["another scheme", ["<mailto:a@h>"], "400 Contact Is Not A SIP URI"],
    ["a broken URI", ["<sip:a@@h>"], "400 Contact Is Not A SIP URI"],
    ["a URI above 512 characters", [`<sip:${"a".repeat(512)}@h>`], "400 Contact Too Long"],
    ["an instance above 128 characters", [`<sip:a@h>;+sip.instance="${"x".repeat(129)}"`], "400 Instance Too Long"],
    ["one bad Contact among good ones", ["<sip:a@h>", "<tel:+1>"], "400 Contact Is Not A SIP URI"],
  ];
  for (const [what, contacts, wanted] of ROWS) {
    it(what, () => expect(summary(register({ contacts }))).equal(wanted));
  }

  it("more than ten bindings: 403; ten, and a swap at ten, pass", () => {
    const ten = Array.from({ length: REGISTRAR_LIMITS.maxBindings }, (_, n) => `<sip:a@h:${n + 1}>`);
    const current = ten.map((contact) => binding(contact.slice(1, -1), { callId: "other" }));
    expect(register({ contacts: ten }).ok).equal(true);
    expect(summary(register({ contacts: ["<sip:new@h>"], current }))).equal("403 More Than 10 Contacts");
    const swap = ["<sip:new@h>", "<sip:a@h:1>;expires=0"];
    expect(register({ contacts: swap, current }).ok).equal(true);
    const flood = Array.from({ length: 21 }, (_, n) => `<sip:a@h:${n + 1}>;expires=0`);
    expect(summary(register({ contacts: flood }))).equal("403 More Than 10 Contacts");
  });

  it("a broken q is no q", () => {
    const outcome = register({ contacts: ["<sip:a@h>;q=high"] });
    expect(outcome.ok && outcome.save.map(({ q }) => q)).deep.equal([1000]);
  });
});

describe("RFC 3261 §10.3 step 8: the Contact values of the 200", () => {
  it("tell expires in seconds, rounded up, q and instance where there are any", () => {
    const bindings = [
      binding("sip:a@h", { expiresAt: NOW + 59_001 }),
      binding("sip:b@h", { q: 500, instance: INSTANCE, expiresAt: NOW - 1 }),
    ];
    expect(formatContacts(bindings, NOW)).deep.equal([
      "<sip:a@h>;expires=60",
      `<sip:b@h>;expires=0;q=0.5;+sip.instance="${INSTANCE}"`,
    ]);
  });

  it("what was asked for is what is told", () => {
    const outcome = register({ contacts: [PHONE], expires: "600" });
    expect(outcome.ok && formatContacts(outcome.bindings, NOW)).deep.equal([`${PHONE};expires=600`]);
  });
});

describe("RFC 3261 §16.6, RFC 3581 §4: over the flow or to the contact", () => {
  const ELSEWHERE = "<sip:alice@192.0.2.7:5062>";
  const TCP: Flow = { ...FLOW, protocol: "tcp", connection: "1" };
  for (const [title, registering, overFlow] of [
    ["rport and one contact: where the REGISTER came from", { contacts: [ELSEWHERE] }, [true]],
    ["no rport and another port: the contact", { contacts: [ELSEWHERE], rport: false }, [false]],
    ["no rport, but the contact is the source", { contacts: [PHONE], rport: false }, [true]],
    ["two contacts: only the one that is the source", { contacts: [PHONE, ELSEWHERE] }, [true, false]],
    ["a stream, whatever the contact says", { contacts: [ELSEWHERE], rport: false, flow: TCP }, [true]],
  ] as const) {
    it(title, () => {
      const outcome = register(registering);
      expect(outcome.ok && outcome.bindings.map((one) => one.overFlow)).to.deep.equal(overFlow);
    });
  }
});
