/**
 * SIPp scenarios as text. Names in square brackets are SIPp's own keywords. SIPp 3.6 reads the topmost challenge only and
 * knows MD5 alone; by its User-Agent the gateway knows to offer nothing else.
 */

const USER_AGENT = "User-Agent: SIPp";

export interface SippMessage {
  readonly from: string; // alice@sip.test
  readonly to: string; // sip:juliet@xmpp.test
  readonly body: string;
  readonly contentType?: string;
  readonly password?: string; // of the user of `from`; none: no answer to a challenge
  readonly challenge?: 401 | 407; // default: 407, as proxies challenge (RFC 3261 §22.3)
  readonly expect: number; // the final status
  readonly headers?: readonly string[]; // whole lines
}

/** Sends one MESSAGE, answers one challenge where a password is given, expects one final status. */
export function sendMessageScenario(message: SippMessage): string {
  const { password } = message;
  if (password === undefined) return scenario("MESSAGE", `${sendMessage(message, "1", "")}${receive(message.expect)}`);
  const user = message.from.slice(0, message.from.indexOf("@"));
  const authentication = `[authentication username=${user} password=${password}]`;
  const challenged = `${sendMessage(message, "1", "")}<recv response="${message.challenge ?? 407}" auth="true"/>`;
  return scenario("MESSAGE", `${challenged}${sendMessage(message, "2", authentication)}${receive(message.expect)}`);
}

/** Answers one MESSAGE with this status, once its call has come. */
export function answerMessageScenario(status: number, reason: string): string {
  const answer = [
    `SIP/2.0 ${status} ${reason}`,
    "[last_Via:]",
    "[last_From:]",
    "[last_To:];tag=[pid]SIPpTag[call_number]",
    "[last_Call-ID:]",
    "[last_CSeq:]",
    "Content-Length: 0",
  ];
  return scenario("answer", `<recv request="MESSAGE"/><send>${cdata(answer)}</send>`);
}

export interface SippRegistration {
  readonly aor: string; // alice@sip.test
  readonly password: string;
  readonly expiresSeconds?: number; // 600 if absent
  readonly contacts?: readonly string[]; // its own address and port if absent
  readonly expect?: number; // the final status; 200 if absent
}

/** One REGISTER, after one challenge. */
export function registerScenario(registration: SippRegistration): string {
  const user = registration.aor.slice(0, registration.aor.indexOf("@"));
  const authentication = `[authentication username=${user} password=${registration.password}]`;
  const send = (cseq: string, line: string): string => `<send>${cdata(registerLines(registration, cseq, line))}</send>`;
  return scenario(
    "REGISTER",
    `${send("1", "")}<recv response="401" auth="true"/>${send("2", authentication)}${receive(registration.expect ?? 200)}`,
  );
}

function scenario(name: string, steps: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="${name}">${steps}</scenario>\n`;
}

function receive(status: number): string {
  return `<recv response="100" optional="true"/><recv response="${status}"/>`;
}

function sendMessage(message: SippMessage, cseq: string, authentication: string): string {
  const lines = [
    `MESSAGE ${message.to} SIP/2.0`,
    "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport",
    `From: <sip:${message.from}>;tag=[pid]SIPpTag[call_number]`,
    `To: <${message.to}>`,
    "Call-ID: [call_id]",
    `CSeq: ${cseq} MESSAGE`,
    "Max-Forwards: 70",
    USER_AGENT,
    ...(message.headers ?? []),
    ...(authentication === "" ? [] : [authentication]),
    `Content-Type: ${message.contentType ?? "text/plain;charset=utf-8"}`,
    "Content-Length: [len]",
    "",
    message.body,
  ];
  return `<send>${cdata(lines)}</send>`;
}

function registerLines(
  { aor, expiresSeconds = 600, contacts }: SippRegistration,
  cseq: string,
  authentication: string,
): readonly string[] {
  const user = aor.slice(0, aor.indexOf("@"));
  const own = `<sip:${user}@[local_ip]:[local_port];transport=[transport]>`;
  return [
    `REGISTER sip:${aor.slice(user.length + 1)} SIP/2.0`,
    "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport",
    `From: <sip:${aor}>;tag=[pid]SIPpTag[call_number]`,
    `To: <sip:${aor}>`,
    "Call-ID: [call_id]",
    `CSeq: ${cseq} REGISTER`,
    "Max-Forwards: 70",
    USER_AGENT,
    ...(contacts ?? [own]).map((contact) => `Contact: ${contact}`),
    `Expires: ${expiresSeconds}`,
    ...(authentication === "" ? [] : [authentication]),
    "Content-Length: 0",
  ];
}

/** SIPp strips the indentation of the first line and sends the rest as it is; a head needs its empty line. */
function cdata(lines: readonly string[]): string {
  const text = lines.includes("") ? lines : [...lines, "", ""];
  return `<![CDATA[\n${text.join("\n")}]]>`;
}
