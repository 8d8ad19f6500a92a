import { execFile } from "node:child_process";
import { access, chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Ten years: nobody renews the certificate of a server on loopback. */
const VALID_DAYS = "3650";

/** Makes a self-signed certificate where there is none yet; false when openssl is missing or fails. */
export async function ensureCertificate(folder: string, domain: string): Promise<boolean> {
  const certificate = join(folder, `${domain}.crt`);
  const key = join(folder, `${domain}.key`);
  try {
    await access(certificate);
    await access(key);
    return true;
  } catch {
    return makeCertificate({ certificate, key, domain });
  }
}

interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  readonly domain: string;
}

async function makeCertificate({ certificate, key, domain }: CertificateFiles): Promise<boolean> {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const name = ["-subj", `/CN=${domain}`, "-addext", `subjectAltName=DNS:${domain}`];
  try {
    await run("openssl", ["req", "-x509", ...curve, "-days", VALID_DAYS, ...name, "-keyout", key, "-out", certificate]);
    await chmod(key, 0o600);
    return true;
  } catch {
    return false;
  }
}
