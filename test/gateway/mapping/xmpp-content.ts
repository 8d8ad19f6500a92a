import { parse } from "ltx";
import { type ContentFromXmpp, contentFromXmpp } from "../../../gateway/mapping/from-xmpp.ts";
import type { InstantMessage } from "../../../gateway/mapping/instant-message.ts";

export const CHAT_STATES = "http://jabber.org/protocol/chatstates";
export const RECEIPTS = "urn:xmpp:receipts";
export const MARKERS = "urn:xmpp:chat-markers:0";

/** What a stanza with these children says, read from its text as from the wire. */
export function contentOf(inner: string, attributes = 'type="chat" id="m1"'): ContentFromXmpp {
  return contentFromXmpp(parse(`<message xmlns="jabber:component:accept" ${attributes}>${inner}</message>`));
}

export function imOf(inner: string, attributes?: string): InstantMessage | undefined {
  return contentOf(inner, attributes).im;
}

export function textOf(inner: string, attributes?: string): string | undefined {
  return imOf(inner, attributes)?.text;
}
