import type { Clock } from "../clock.ts";
import type { ChatState, Composing } from "../mapping/instant-message.ts";
import { ownCopy } from "../own-copy.ts";
import type { Pair } from "./table.ts";
import {
  COMPOSING_OF,
  type FromSip,
  type FromXmpp,
  TOWARDS_SIP,
  TOWARDS_XMPP,
  type TowardsSip,
  type TowardsXmpp,
} from "./typing-states.ts";

export interface TypingOptions {
  readonly clock: Clock;
  readonly sendChatState: (pair: Pair, state: ChatState) => void; // to XMPP
  readonly sendComposing: (pair: Pair, composing: Composing) => void; // to SIP
  /** Whether a phone of the AOR takes `application/im-iscomposing+xml`; asked before each that is sent. */
  readonly sipUnderstands: (pair: Pair) => boolean;
  /** Called when a pair had to go to make room. */
  readonly limitHit: () => void;
}

/** About 500 bytes each: 5 MB at the most. At the limit the pair that was silent longest goes. */
const MAX_PAIRS = 10_000;

/** RFC 3994 §3.3: when the phone names no refresh interval. */
const DEFAULT_REFRESH_SECONDS = 120;

/** What a phone may ask for: shorter would flicker, longer would outlive the user's patience and ours. */
const MIN_REFRESH_SECONDS = 10;
const MAX_REFRESH_SECONDS = 3600;

/** A refresh that is sent when the interval ends is a little later here. */
const GRACE_MS = 5_000;

/** What phones are told. RFC 3994 §3.2 wants no less than 60 s. */
const OUR_REFRESH_SECONDS = 90;

/** Before the phone's interval ends, with time for retransmissions. */
const REFRESH_EVERY_MS = 60_000;

/** XMPP clients say `composing` once; one that never says how it ended is not believed for longer. XEP-0085 §5.3. */
const MAX_COMPOSING_MS = 600_000;

/** What is known of one pair's typing, both ways. */
interface Typing {
  readonly pair: Pair;
  readonly towardsXmpp: Direction<TowardsXmpp>;
  readonly towardsSip: Direction<TowardsSip> & { untilMs: number };
  sipShown: boolean; // the phone has said that it composes
  xmppAsked: boolean; // by an IM with `<active/>`
  xmppUnderstands: boolean | undefined; // undefined: it has not answered
}

interface Direction<State> {
  state: State;
  cancelTimer: () => void;
}

/**
 * Who is writing, carried between RFC 3994 and XEP-0085, for each pair and only to those who understand it. Nothing is
 * kept on disk: after a restart each side says it again.
 */
export class TypingTable {
  readonly #options: TypingOptions;
  readonly #byPair = new Map<string, Typing>();

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  onComposingFromSip(pair: Pair, { state, refreshSeconds }: Composing): void {
    const typing = this.#touch(pair);
    if (state === "active") typing.sipShown = true;
    this.#stepTowardsXmpp(typing, state);
    if (state !== "active" || typing.towardsXmpp.state !== "composing") return;
    typing.towardsXmpp.cancelTimer();
    const expire = () => this.#stepTowardsXmpp(typing, "expired");
    typing.towardsXmpp.cancelTimer = this.#options.clock.after(expiryMs(refreshSeconds) + GRACE_MS, expire);
  }

  /** A chat state without an IM; it shows that the XMPP client understands them. XEP-0085 §4. */
  onChatStateFromXmpp(pair: Pair, state: ChatState): void {
    const typing = this.#touch(pair);
    typing.xmppUnderstands = true;
    if (state === "composing") typing.towardsSip.untilMs = this.#options.clock.now() + MAX_COMPOSING_MS;
    this.#stepTowardsSip(typing, COMPOSING_OF[state]);
  }

  onImFromSip(pair: Pair): void {
    const typing = this.#byPair.get(keyOf(pair));
    if (typing === undefined) return;
    typing.xmppAsked ||= typing.sipShown;
    this.#stepTowardsXmpp(typing, "im");
  }

  /** `state` is the one within the IM. None, in answer to our `<active/>`, is a client without them. XEP-0085 §4. */
  onImFromXmpp(pair: Pair, state?: ChatState): void {
    const typing = state === undefined ? this.#byPair.get(keyOf(pair)) : this.#touch(pair);
    if (typing === undefined) return;
    if (state !== undefined) typing.xmppUnderstands = true;
    else if (typing.xmppAsked) typing.xmppUnderstands ??= false;
    this.#stepTowardsSip(typing, "im");
  }

  /** The conversation is over: neither side is left with somebody who seems to write for ever. */
  closed(pair: Pair): void {
    const typing = this.#byPair.get(keyOf(pair));
    if (typing !== undefined) this.#forget(typing);
  }

  /**
   * Whether IMs to the XMPP side should carry `<active/>`: it understands chat states, or the phone would like to use
   * them and the XMPP side has not answered yet. XEP-0085 §4.
   */
  understandsChatStates(pair: Pair): boolean {
    const typing = this.#byPair.get(keyOf(pair));
    return typing?.xmppUnderstands ?? typing?.sipShown ?? false;
  }

  /** Sends nothing more. */
  stop(): void {
    for (const typing of this.#byPair.values()) cancelTimers(typing);
    this.#byPair.clear();
  }

  /** Kept in the order of use, so that the first is the one that was silent longest. */
  #touch(pair: Pair): Typing {
    const key = keyOf(pair);
    const typing = this.#byPair.get(key) ?? this.#create(pair);
    this.#byPair.delete(key);
    this.#byPair.set(key, typing);
    return typing;
  }

  #create({ aor, jid }: Pair): Typing {
    const [oldest] = this.#byPair.values();
    if (oldest !== undefined && this.#byPair.size >= MAX_PAIRS) {
      this.#options.limitHit();
      this.#forget(oldest);
    }
    return {
      pair: { aor: ownCopy(aor), jid: ownCopy(jid) },
      towardsXmpp: { state: "idle", cancelTimer: () => {} },
      towardsSip: { state: "idle", cancelTimer: () => {}, untilMs: 0 },
      sipShown: false,
      xmppAsked: false,
      xmppUnderstands: undefined,
    };
  }

  #forget(typing: Typing): void {
    this.#stepTowardsXmpp(typing, "expired");
    this.#stepTowardsSip(typing, "expired");
    this.#byPair.delete(keyOf(typing.pair));
  }

  /** The states say what the other side knows: one that does not understand has been told nothing, and stays idle. */
  #stepTowardsXmpp({ pair, towardsXmpp, xmppUnderstands }: Typing, event: FromSip): void {
    if (xmppUnderstands !== true) return;
    const { next, send } = TOWARDS_XMPP[towardsXmpp.state][event];
    towardsXmpp.state = next;
    if (next === "idle") towardsXmpp.cancelTimer();
    if (send !== undefined) this.#options.sendChatState(pair, send);
  }

  #stepTowardsSip(typing: Typing, event: FromXmpp): void {
    const { pair, towardsSip } = typing;
    const { next, send } = TOWARDS_SIP[towardsSip.state][event];
    const understands = send === undefined || this.#options.sipUnderstands(pair);
    towardsSip.state = understands ? next : "idle";
    if (towardsSip.state === "idle") towardsSip.cancelTimer();
    if (send === undefined || !understands) return;
    this.#options.sendComposing(pair, {
      state: send,
      refreshSeconds: send === "active" ? OUR_REFRESH_SECONDS : undefined,
    });
    if (send === "active") this.#planRefresh(typing);
  }

  #planRefresh(typing: Typing): void {
    const { clock } = this.#options;
    const { towardsSip } = typing;
    towardsSip.cancelTimer = clock.after(REFRESH_EVERY_MS, () => {
      this.#stepTowardsSip(typing, clock.now() >= towardsSip.untilMs ? "expired" : "refresh");
    });
  }
}

function expiryMs(refreshSeconds: number = DEFAULT_REFRESH_SECONDS): number {
  return Math.min(Math.max(refreshSeconds, MIN_REFRESH_SECONDS), MAX_REFRESH_SECONDS) * 1000;
}

function cancelTimers({ towardsXmpp, towardsSip }: Typing): void {
  towardsXmpp.cancelTimer();
  towardsSip.cancelTimer();
}

/** No space can stand in an AOR or a bare JID. */
function keyOf({ aor, jid }: Pair): string {
  return `${aor} ${jid}`;
}
