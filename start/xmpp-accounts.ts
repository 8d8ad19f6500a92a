import type { Config } from "../gateway/config.ts";
import { ProsodyAccounts } from "../xmpp/managed-server/prosody-accounts.ts";
import { dataFolderOf } from "../xmpp/managed-server/prosody-config.ts";

/** The accounts of the private Prosody. */
export interface XmppAccounts {
  readonly clientPort: number;
  /** Makes the account, or gives it this password when it exists. */
  put(jid: string, password: string): Promise<void>;
  remove(jid: string): Promise<void>;
}

/** Undefined when the XMPP server is not ours. */
export function managedAccounts({ xmpp }: Config): XmppAccounts | undefined {
  if (xmpp.server !== "managed") return undefined;
  const accounts = new ProsodyAccounts(dataFolderOf(xmpp.managed.directory), xmpp.domains);
  return {
    clientPort: xmpp.managed.clientPort,
    put: async (jid, password) => {
      const { local, domain } = partsOf(jid);
      const put = await accounts.add(local, domain, password);
      if (!put.ok) throw new Error(`the XMPP account ${jid} could not be made: ${put.why}`);
    },
    remove: async (jid) => {
      const { local, domain } = partsOf(jid);
      await accounts.remove(local, domain);
    },
  };
}

function partsOf(jid: string): { readonly local: string; readonly domain: string } {
  const at = jid.indexOf("@");
  return { local: jid.slice(0, at), domain: jid.slice(at + 1) };
}
