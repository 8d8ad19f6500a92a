import { DigestAuthenticator, type DigestLimits, type DigestQuestion, type Ha1Pair, ha1 } from "../../sip/digest.ts";
import { authorization, type DigestChallenge, parseChallenge } from "../../sip/digest-client.ts";
import { utf8FromLatin1 } from "../../sip/text.ts";

export const REALM = "sip.test";
const PASSWORD = "open sesame";

export class TurnedClock {
  ms = 1_700_000_000_000;
  now(): number {
    return this.ms;
  }
}

export function pairFor(username: string): Ha1Pair {
  const user = { username, realm: REALM, password: PASSWORD };
  return { md5: ha1({ algorithm: "MD5", ...user }), sha256: ha1({ algorithm: "SHA-256", ...user }) };
}

/** Every user whose name begins with "alice". */
export function lookup(username: string): Ha1Pair | undefined {
  return username.startsWith("alice") ? pairFor(utf8FromLatin1(username)) : undefined;
}

/** Both algorithms, and a secret that a second authenticator can share. */
export function options(clock: TurnedClock) {
  return { realms: [REALM], secret: Buffer.alloc(32, 7), clock, algorithms: ["SHA-256", "MD5"] as const };
}

/** An authenticator with a clock to turn; `judge` gives "ok <username>" or the reason of the refusal. */
export function world(limits: Partial<DigestLimits> = {}) {
  const clock = new TurnedClock();
  const authenticator = new DigestAuthenticator({ ...options(clock), limits });
  const challenge = (algorithm: "SHA-256" | "MD5" = "SHA-256"): DigestChallenge => {
    const all = authenticator.challenge(REALM).map(parseChallenge);
    const picked = all.flatMap((one) => (one.ok ? [one.value] : [])).find((one) => one.algorithm === algorithm);
    if (picked === undefined) throw new Error(`no ${algorithm} challenge`);
    return picked;
  };
  const judge = async (header: string | undefined, other: Partial<DigestQuestion> = {}): Promise<string> => {
    const question = { header, method: "MESSAGE", requestUri: "sip:bob@sip.test", source: "192.0.2.1", lookup };
    const verdict = await authenticator.verify({ ...question, ...other });
    return verdict.ok ? `ok ${utf8FromLatin1(verdict.username)}` : verdict.reason;
  };
  return { clock, authenticator, challenge, judge };
}

export function answer(
  challenge: DigestChallenge,
  other: { readonly nc?: number; readonly username?: string; readonly password?: string; readonly uri?: string } = {},
): string {
  return authorization({
    challenge,
    method: "MESSAGE",
    uri: other.uri ?? "sip:bob@sip.test",
    username: other.username ?? "alice",
    secret: { password: other.password ?? PASSWORD },
    nc: other.nc ?? 1,
    cnonce: "0a4f113b",
  });
}
