/** One instant message in neither network's words: what both mappings read and write. RFC 7572 §4, §5. */
export interface InstantMessage {
  readonly text: string;
  readonly subject?: string;
  readonly language?: string; // RFC 5646 tag: Content-Language, xml:lang
  readonly thread?: string; // <thread/>, or the Call-ID of a MESSAGE
  readonly id?: string; // id attribute, or the transaction's branch
  readonly originId?: string; // of a stanza whose origin-id is not its id. XEP-0359
  /** What the sender wants to be told of; the answers name `messageId`. */
  readonly asks?: readonly Asked[];
  /** What a receipt of the sender's network names: imdn.Message-ID, else the Call-ID; the id of a stanza. */
  readonly messageId?: string;
  /** Sent by a program: its failure is told to nobody. RFC 3834 §5; RFC 6121 §5.2.2 `headline`. */
  readonly automatic?: true;
}

/** RFC 5438 §7.1 dispositions; `delivered` is XEP-0184's request, `displayed` XEP-0333's markable. */
export type Asked = "delivered" | "displayed" | "failed";

/** What became of a message, said by the receiving client about one that it names. RFC 5438 §7, XEP-0184, XEP-0333. */
export interface Disposition {
  readonly messageId: string;
  readonly outcome: Asked;
}

/** Whether somebody is writing. XEP-0085; RFC 3994 knows `composing` (active) and the rest (idle). */
export type ChatState = "active" | "composing" | "paused" | "inactive" | "gone";

/** RFC 3994 §3.2: what a SIP client says of its user, who goes on for `refreshSeconds` unless it says otherwise. */
export interface Composing {
  readonly state: "active" | "idle";
  readonly refreshSeconds: number | undefined;
}

/** RFC 5646 §2.1, as far as both networks need it: letters, digits and hyphens, so that nothing else can slip in. */
export const LANGUAGE_TAG = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}$/;
