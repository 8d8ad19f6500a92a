import type { Element } from "@xmpp/xml";
import type { Handover, LinkState, XmppLink } from "../../../xmpp/link/link.ts";

export interface SentStanza {
  readonly stanza: Element;
  readonly settle: (handover: Handover) => void;
}

/** A link that keeps what is sent, for the test to settle. For faults that a real server cannot produce on demand. */
export class FakeLink implements XmppLink {
  readonly domain = "sip.test";
  readonly sent: SentStanza[] = [];
  state: LinkState = "online";
  written = true; // whether it is too late to take a stanza back

  status() {
    const { domain, state } = this;
    return { state, domain, server: "127.0.0.1:5347", since: 0, problem: undefined, queued: 0, unconfirmed: 0 };
  }

  send(stanza: Element, options: { readonly settled?: (handover: Handover) => void } = {}) {
    const settle = (handover: Handover) => options.settled?.(handover);
    this.sent.push({ stanza, settle });
    const cancel = () => {
      if (!this.written) settle({ outcome: "cancelled" });
      return !this.written;
    };
    return { cancel };
  }

  start(): void {}
  async stop(): Promise<void> {}
  async iq(): Promise<never> {
    throw new Error("not part of this test");
  }
  onStanza(): void {}
  onStatus(): void {}
}
