import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { resolve } from "node:path";
import type { Logger } from "pino";
import type { BareJid } from "../jid.ts";
import type { Parsed } from "../parsed.ts";
import { ensureCertificate } from "./certificate.ts";
import { endLeftover } from "./leftover.ts";
import { ProsodyAccounts } from "./prosody-accounts.ts";
import { certificateFolderOf, configFileOf, dataFolderOf, formatProsodyConfig } from "./prosody-config.ts";
import { findProsody, ProsodyProcess } from "./prosody-process.ts";

export interface ManagedProsodyOptions {
  /** Holds everything of this server: configuration, accounts, certificates, pid file. Made when missing. */
  readonly directory: string;
  readonly domains: readonly string[];
  readonly components: readonly { readonly domain: string; readonly secret: string }[];
  readonly clientPort: number;
  readonly componentPort: number;
  readonly log: Logger;
}

/** A private Prosody on loopback, kept running until `stop`. */
export interface ManagedProsody {
  readonly clientPort: number;
  readonly componentPort: number;
  /** Makes an account or gives it a new password; refused with the reason when the name or password cannot be. */
  addUser(localpart: string, domain: string, password: string): Promise<Parsed<BareJid>>;
  /** False when there was no such account. */
  removeUser(localpart: string, domain: string): Promise<boolean>;
  hasUser(localpart: string, domain: string): Promise<boolean>;
  stop(): Promise<void>;
}

/**
 * Starts a Prosody of our own and waits until it accepts connections. Rejects, with words for an administrator, when
 * Prosody is not installed, a port is taken or it does not come up.
 */
export async function startManagedProsody(options: ManagedProsodyOptions): Promise<ManagedProsody> {
  const { clientPort, componentPort, log } = options;
  const directory = resolve(options.directory);
  const program = findProsody();
  const ended = await endLeftover(directory);
  if (ended !== undefined) {
    log.warn({ pid: ended, directory }, "ended the private Prosody that an earlier run had left behind");
  }
  await requireFree(clientPort, "clientPort");
  await requireFree(componentPort, "componentPort");
  await writeFiles({ ...options, directory });
  const process = new ProsodyProcess({
    program,
    configFile: configFileOf(directory),
    ports: [clientPort, componentPort],
    log,
  });
  await process.start();
  const accounts = new ProsodyAccounts(dataFolderOf(directory), options.domains);
  return {
    clientPort,
    componentPort,
    addUser: (localpart, domain, password) => accounts.add(localpart, domain, password),
    removeUser: (localpart, domain) => accounts.remove(localpart, domain),
    hasUser: (localpart, domain) => accounts.has(localpart, domain),
    stop: () => process.stop(),
  };
}

async function writeFiles(options: ManagedProsodyOptions): Promise<void> {
  const { directory, domains, log } = options;
  for (const folder of [directory, dataFolderOf(directory), certificateFolderOf(directory)]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const certified = await Promise.all(
    domains.map((domain) => ensureCertificate(certificateFolderOf(directory), domain)),
  );
  const tls = certified.every((made) => made);
  if (!tls) {
    log.warn("the private Prosody offers no TLS: openssl could not make a certificate");
  }
  // It holds the components' secrets.
  await writeFile(configFileOf(directory), formatProsodyConfig({ ...options, tls }), { mode: 0o600 });
}

/** Prosody itself would only log that a port is taken, and go on without it. */
function requireFree(port: number, setting: string): Promise<void> {
  const probe = createServer();
  return new Promise((done, fail) => {
    probe.once("error", (error) => {
      fail(new Error(`port ${port} of 127.0.0.1 cannot be used (${error.message}); change xmpp.managed.${setting}`));
    });
    probe.listen(port, "127.0.0.1", () => probe.close(() => done()));
  });
}
