/** One instant message in neither network's words: what both mappings read and write. RFC 7572 §4, §5. */
export interface InstantMessage {
  readonly text: string;
  readonly subject?: string;
  readonly language?: string; // RFC 5646 tag: Content-Language, xml:lang
  readonly thread?: string; // <thread/>, or the Call-ID of a MESSAGE
  readonly id?: string; // id attribute, or the transaction's branch
}

/** RFC 5646 §2.1, as far as both networks need it: letters, digits and hyphens, so that nothing else can slip in. */
export const LANGUAGE_TAG = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}$/;
