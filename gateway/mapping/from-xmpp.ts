import type { Element } from "@xmpp/xml";
import { type ChatMarker, isMarkable, markersIn } from "../../xmpp/chat-markers.ts";
import { chatStateOf } from "../../xmpp/chat-states.ts";
import { isDelayed } from "../../xmpp/delay.ts";
import { isCorrection, isRetraction, reactionsIn } from "../../xmpp/earlier-message.ts";
import { encryptionOf } from "../../xmpp/encryption.ts";
import { isMessageCopy } from "../../xmpp/message-copy.ts";
import { originIdOf, usableId } from "../../xmpp/message-ids.ts";
import { bodyOf, subjectOf, threadOf, type WrittenText } from "../../xmpp/message-text.ts";
import { outOfBandUrlOf } from "../../xmpp/out-of-band.ts";
import { asksForReceipt, receiptsIn } from "../../xmpp/receipts.ts";
import { type Asked, type ChatState, type Disposition, type InstantMessage, LANGUAGE_TAG } from "./instant-message.ts";
import { correctedText, NOTICES, reactionsText } from "./notices.ts";

/** All that a message stanza may say at once. `encrypted`: the text of `im` is a notice in the place of what was meant. */
export interface ContentFromXmpp {
  readonly im?: InstantMessage;
  readonly chatState?: ChatState;
  readonly dispositions: readonly Disposition[];
  readonly encrypted: boolean;
  readonly delayed: boolean;
}

/** What a person reads of a stanza. */
interface Reading {
  readonly text: string;
  readonly language?: string | undefined;
  readonly subject?: string | undefined;
  readonly encrypted?: true;
}

/** A client tells of one message in each stanza, in at most two ways; a hundred in one would be an attack on our table. */
const MAX_DISPOSITIONS = 16;

// biome-ignore format: table
const OUTCOME_OF_MARK: Readonly<Record<ChatMarker["mark"], Asked>> = {
  received:     "delivered",
  displayed:    "displayed",
  acknowledged: "displayed", // more than seen, which SIP has no word for
};

/**
 * Message stanza, not of type error -> what it says to a person and of earlier messages. To a room (groupchat) only its
 * text counts. RFC 7572 §4, RFC 6121 §5.2.
 */
export function contentFromXmpp(stanza: Element): ContentFromXmpp {
  const delayed = isDelayed(stanza);
  if (isMessageCopy(stanza)) return { dispositions: [], encrypted: false, delayed };
  const toRoom = stanza.attrs["type"] === "groupchat";
  const reading = toRoom && bodyOf(stanza) === undefined ? undefined : readingOf(stanza);
  return {
    ...optional("im", reading && imOf(stanza, reading)),
    ...optional("chatState", toRoom ? undefined : chatStateOf(stanza)),
    dispositions: toRoom ? [] : dispositionsIn(stanza),
    encrypted: reading?.encrypted === true,
    delayed,
  };
}

function imOf(stanza: Element, { text, language, subject, encrypted }: Reading): InstantMessage {
  const id = usableId(stanza.attrs["id"]);
  const originId = originIdOf(stanza);
  // A receipt for an encrypted message would tell its sender that somebody has it.
  const asks = id === undefined || encrypted ? [] : asksOf(stanza);
  return {
    text,
    ...optional("subject", subject),
    ...optional("language", language !== undefined && LANGUAGE_TAG.test(language) ? language : undefined),
    ...optional("thread", threadOf(stanza)),
    ...optional("id", id),
    ...optional("originId", originId === id ? undefined : originId),
    ...optional("messageId", id),
    ...optional("asks", asks.length === 0 ? undefined : asks),
    ...optional("automatic", stanza.attrs["type"] === "headline" ? true : undefined),
  };
}

/** A receipt to a room would tell its whole population. XEP-0184 §5.3. */
function asksOf(stanza: Element): readonly Asked[] {
  if (stanza.attrs["type"] === "groupchat") return [];
  return [
    ...(asksForReceipt(stanza) ? (["delivered"] as const) : []),
    ...(isMarkable(stanza) ? (["displayed"] as const) : []),
  ];
}

/** Undefined when it says nothing to a person. A body beside a retraction or an encrypted text only stands for it. */
function readingOf(stanza: Element): Reading | undefined {
  if (isRetraction(stanza)) return { text: NOTICES.retracted };
  const encryption = encryptionOf(stanza);
  if (encryption === "keys") return undefined;
  if (encryption === "text") return { text: NOTICES.encrypted, encrypted: true };
  const body = bodyOf(stanza);
  const written = body ?? textWithoutBody(stanza);
  const subject = subjectOf(stanza);
  if (written === undefined) return subject; // a message with a subject alone is read as its text
  const text = isCorrection(stanza) ? correctedText(written.text) : written.text;
  return { text, language: written.language, subject: subject?.text };
}

function textWithoutBody(stanza: Element): WrittenText | undefined {
  const reactions = reactionsIn(stanza);
  const text = reactions.length > 0 ? reactionsText(reactions) : outOfBandUrlOf(stanza);
  return text === undefined ? undefined : { text, language: undefined };
}

/** Each message and outcome once: clients send a receipt and a marker of the same meaning together. */
function dispositionsIn(stanza: Element): readonly Disposition[] {
  const told: readonly Disposition[] = [
    ...receiptsIn(stanza).map((messageId) => ({ messageId, outcome: "delivered" as const })),
    ...markersIn(stanza).map(({ mark, id }) => ({ messageId: id, outcome: OUTCOME_OF_MARK[mark] })),
  ];
  const once = new Map(told.map((disposition) => [`${disposition.outcome} ${disposition.messageId}`, disposition]));
  return [...once.values()].slice(0, MAX_DISPOSITIONS);
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
