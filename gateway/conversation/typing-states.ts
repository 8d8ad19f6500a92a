import type { ChatState, Composing } from "../mapping/instant-message.ts";

/** What happens in one cell: the state after it, and what is sent to the other side, if anything. */
export interface Step<State, Sent> {
  readonly next: State;
  readonly send?: Sent;
}

type Table<State extends string, Event extends string, Sent> = Readonly<
  Record<State, Readonly<Record<Event, Step<State, Sent>>>>
>;

/** What the XMPP client was last told. A state is sent once, however often the phone repeats it. XEP-0085 §5.3. */
export type TowardsXmpp = "idle" | "composing";

/** `im`: content ends composing, RFC 3994 §3.3. `expired`: no refresh came in time. */
export type FromSip = Composing["state"] | "im" | "expired";

/** RFC 7573 §6: active is `composing`, idle is `active`. Silence is no decision of the user, so it is `paused`. */
// biome-ignore format: table
export const TOWARDS_XMPP: Table<TowardsXmpp, FromSip, ChatState> = {
  idle: {
    active:  { next: "composing", send: "composing" },
    idle:    { next: "idle" },
    im:      { next: "idle" },
    expired: { next: "idle" },
  },
  composing: {
    active:  { next: "composing" },
    idle:    { next: "idle", send: "active" },
    im:      { next: "idle" },
    expired: { next: "idle", send: "paused" },
  },
};

/** What the phone was last told. */
export type TowardsSip = Composing["state"];

/** `refresh`: the phone would soon take its user for idle. `expired`: the XMPP client was silent for too long. */
export type FromXmpp = Composing["state"] | "im" | "refresh" | "expired";

/** A refresh goes out before the last one expires; content ends composing without a notice. RFC 3994 §3.2. */
// biome-ignore format: table
export const TOWARDS_SIP: Table<TowardsSip, FromXmpp, Composing["state"]> = {
  idle: {
    active:  { next: "active", send: "active" },
    idle:    { next: "idle" },
    im:      { next: "idle" },
    refresh: { next: "idle" },
    expired: { next: "idle" },
  },
  active: {
    active:  { next: "active" },
    idle:    { next: "idle", send: "idle" },
    im:      { next: "idle" },
    refresh: { next: "active", send: "active" },
    expired: { next: "idle", send: "idle" },
  },
};

/** RFC 7573 §6. `gone` would end a session; pager mode has none to end. */
export const COMPOSING_OF: Readonly<Record<ChatState, Composing["state"]>> = {
  active: "idle",
  composing: "active",
  paused: "idle",
  inactive: "idle",
  gone: "idle",
};
