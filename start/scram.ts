import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";

export interface ScramInput {
  readonly mechanism: ScramMechanism;
  readonly username: string;
  readonly password: string;
  readonly nonce: string; // printable ASCII without comma, fresh for each exchange
}

export type ScramMechanism = keyof typeof HASHES;

/** RFC 5802 and RFC 7677, strongest first. */
export const SCRAM_MECHANISMS = ["SCRAM-SHA-256", "SCRAM-SHA-1"] as const;

const HASHES = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1" } as const;
const GS2_HEADER = "n,,"; // no channel binding: there is no TLS on the loopback

/** client-first-message. RFC 5802 §7. */
export function clientFirstMessage({ username, nonce }: ScramInput): string {
  return `${GS2_HEADER}${clientFirstBare(username, nonce)}`;
}

/** client-final-message, and the server signature that has to come back. RFC 5802 §3; undefined: not a fit challenge. */
export function clientFinalMessage(
  input: ScramInput,
  serverFirst: string,
): { readonly message: string; readonly serverSignature: Buffer } | undefined {
  const { mechanism, username, password, nonce } = input;
  const hash = HASHES[mechanism];
  const fields = attributes(serverFirst);
  const iterations = Number(fields.get("i"));
  const serverNonce = fields.get("r") ?? "";
  if (!serverNonce.startsWith(nonce) || serverNonce === nonce || !(iterations > 0)) return undefined;
  const salt = Buffer.from(fields.get("s") ?? "", "base64");
  const saltedPassword = pbkdf2Sync(password, salt, iterations, createHash(hash).digest().length, hash);
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const withoutProof = `c=${Buffer.from(GS2_HEADER).toString("base64")},r=${serverNonce}`;
  const authMessage = `${clientFirstBare(username, nonce)},${serverFirst},${withoutProof}`;
  const clientKey = hmac(saltedPassword, "Client Key");
  const clientSignature = hmac(createHash(hash).update(clientKey).digest(), authMessage);
  const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
  return {
    message: `${withoutProof},p=${Buffer.from(proof).toString("base64")}`,
    serverSignature: hmac(hmac(saltedPassword, "Server Key"), authMessage),
  };
}

/** Whether a server-final-message proves that the server knows the password too. RFC 5802 §3. */
export function isServerGenuine(serverFinal: string, serverSignature: Buffer): boolean {
  const given = Buffer.from(attributes(serverFinal).get("v") ?? "", "base64");
  return given.length === serverSignature.length && timingSafeEqual(given, serverSignature);
}

/** RFC 5802 §5.1: a comma and an equals sign in a name are written as =2C and =3D. */
function clientFirstBare(username: string, nonce: string): string {
  return `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
}

function attributes(message: string): ReadonlyMap<string, string> {
  return new Map(message.split(",").map((field) => [field.slice(0, 1), field.slice(2)]));
}
