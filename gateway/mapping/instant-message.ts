/** One instant message in neither network's words: what both mappings read and write. RFC 7572 §4, §5. */
export interface InstantMessage {
  readonly text: string;
  readonly subject?: string;
  readonly language?: string; // RFC 5646 tag: Content-Language, xml:lang
  readonly thread?: string; // <thread/>, or the Call-ID of a MESSAGE
  readonly id?: string; // id attribute, or the transaction's branch
}
