import { createHash } from "node:crypto";

/** One challenge, as far as an answer needs it. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: string;
  readonly qop: string | undefined;
  readonly stale: boolean;
}

const HASHES: Readonly<Record<string, string>> = { MD5: "md5", "SHA-256": "sha256" };

/** The value of one WWW-Authenticate or Proxy-Authenticate. */
export function readChallenge(value: string): Challenge {
  const parameter = (name: string): string | undefined =>
    new RegExp(`[\\s,]${name}=(?:"([^"]*)"|([^\\s,]+))`, "i").exec(value)?.slice(1).find(Boolean);
  return {
    realm: parameter("realm") ?? "",
    nonce: parameter("nonce") ?? "",
    algorithm: parameter("algorithm") ?? "MD5",
    qop: parameter("qop"),
    stale: parameter("stale")?.toLowerCase() === "true",
  };
}

export interface DigestAnswer {
  readonly challenge: Challenge;
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly count: number; // how often this nonce has been answered, from 1
}

/** The value of Authorization or Proxy-Authorization. RFC 7616 §3.4. */
export function writeAnswer({ challenge, username, password, method, uri, count }: DigestAnswer): string {
  const { realm, nonce, algorithm } = challenge;
  const h = (text: string): string =>
    createHash(HASHES[algorithm] ?? algorithm)
      .update(text)
      .digest("hex");
  const nc = count.toString(16).padStart(8, "0");
  const cnonce = "0a4f113b";
  const response = h(`${h(`${username}:${realm}:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${h(`${method}:${uri}`)}`);
  const quoted = { username, realm, nonce, uri, cnonce, response };
  const texts = Object.entries(quoted).map(([name, value]) => `${name}="${value}"`);
  return `Digest ${texts.join(", ")}, algorithm=${algorithm}, qop=auth, nc=${nc}`;
}
