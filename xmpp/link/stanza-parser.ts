import { EventEmitter } from "node:events";
import type { Element, Parser } from "@xmpp/xml";
import xml from "@xmpp/xml";

export interface StanzaParserLimits {
  readonly length: number; // UTF-16 units of one stanza
  readonly depth: number; // of one stanza; 1 is a stanza without children
}

/** A stanza that was passed over. `head` is the stanza without its children, when so much could be read. */
export interface UnreadableStanza {
  readonly why: string;
  readonly head: Element | undefined;
}

/** One whole tag, CDATA section or processing instruction; ">" and "<" in an attribute value do not end it. */
const TAG = /<(?:!\[CDATA\[[\s\S]*?\]\]>|\?[\s\S]*?\?>|[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>)/y;

/**
 * Cuts an XML stream into stanzas and lets ltx parse each as a whole. So the work is linear however the text is
 * fragmented, and what ltx throws at, what is too long or too deep costs that stanza and not the stream.
 *
 * Emits what the parser of xmpp.js emits: `start` (stream header), `element` (stanza), `end`, `error` (the stream cannot
 * be read on); and `unreadable` (an UnreadableStanza). It keeps nothing of a stanza after that. RFC 6120 §4.2, §11.
 */
export class StanzaParser extends EventEmitter {
  readonly #limits: StanzaParserLimits;
  #tail = ""; // behind the last whole tag
  #pieces: string[] = []; // the stanza being read, up to the tail
  #piecesLength = 0;
  #depth = 0; // 1 inside the stream, 2 inside a stanza
  #head = ""; // the first tag of the stanza being read
  #refusal: string | undefined; // why the stanza being read is passed over
  #header = "";
  #parser: Parser | undefined;
  #ended = false;

  constructor(limits: StanzaParserLimits) {
    super();
    this.#limits = limits;
  }

  /** Takes the next text of the stream. Throws only what a listener throws. */
  write(chunk: string): void {
    if (this.#ended) {
      return;
    }
    this.#tail += chunk;
    // A tag can only become whole with a ">"; without one the text is not looked at again and again.
    if (chunk.includes(">")) {
      this.#readTags(this.#tail);
    }
    this.#boundTail();
  }

  #readTags(text: string): void {
    let start = 0; // of the stanza being read
    let at = 0; // behind the last whole tag
    while (!this.#ended) {
      const opened = text.indexOf("<", at);
      TAG.lastIndex = opened;
      if (opened < 0 || !TAG.test(text)) {
        break;
      }
      at = TAG.lastIndex;
      start = this.#depth <= 1 ? opened : start;
      if (this.#countTag(text.slice(opened, at))) {
        this.#finishStanza(text.slice(start, at));
        start = at;
      }
    }
    if (this.#depth > 1 && this.#refusal === undefined) {
      this.#pieces.push(text.slice(start, at));
      this.#piecesLength += at - start;
    }
    this.#tail = text.slice(at);
  }

  /** True when the tag was the last of a stanza. */
  #countTag(tag: string): boolean {
    const second = tag.charAt(1);
    if (second === "?" || second === "!") {
      return false;
    }
    if (second === "/") {
      this.#depth -= 1;
      if (this.#depth <= 0) {
        this.#ended = true;
        this.emit("end", undefined);
      }
      return this.#depth === 1;
    }
    if (this.#depth === 0) {
      this.#openStream(tag);
      return false;
    }
    if (this.#depth === 1) {
      this.#head = tag;
    }
    if (this.#depth > this.#limits.depth) {
      this.#refuse(`is nested deeper than ${this.#limits.depth} elements`);
    }
    if (tag.endsWith("/>")) {
      return this.#depth === 1;
    }
    this.#depth += 1;
    return false;
  }

  #openStream(header: string): void {
    this.#depth = 1;
    this.#header = header;
    this.#parser = new xml.Parser();
    this.#parser.on("start", (root: Element) => this.emit("start", root));
    try {
      this.#parser.write(header);
    } catch (error) {
      this.#fail(`the stream header cannot be read: ${String(error)}`);
    }
  }

  #finishStanza(lastPiece: string): void {
    const head = this.#head;
    if (this.#piecesLength + lastPiece.length > this.#limits.length) {
      this.#refuse(this.#tooLong());
    }
    const refusal = this.#refusal;
    const text = ownCopy(this.#pieces.join("") + lastPiece);
    this.#dropPieces();
    this.#refusal = undefined;
    const stanza = refusal === undefined ? this.#parse(text) : undefined;
    if (stanza) {
      this.emit("element", stanza);
      return;
    }
    const unreadable: UnreadableStanza = {
      why: refusal ?? "is not well-formed",
      head: this.#parse(head.endsWith("/>") ? head : `${head.slice(0, -1)}/>`),
    };
    this.emit("unreadable", unreadable);
  }

  /** Lets ltx parse one whole stanza below the stream header; undefined when it cannot. */
  #parse(text: string): Element | undefined {
    const results: (Element | Error)[] = [];
    const onResult = (result: Element | Error): void => {
      results.push(result);
    };
    const parser = this.#parser ?? this.#renewParser();
    parser.on("element", onResult).on("error", onResult);
    try {
      parser.write(text);
    } catch (error) {
      results.unshift(error as Error);
    }
    parser.removeListener("element", onResult).removeListener("error", onResult);
    const [result] = results;
    if (result === undefined || result instanceof Error) {
      this.#parser = undefined; // it stands in the middle of something
      return undefined;
    }
    return result;
  }

  #renewParser(): Parser {
    this.#parser = new xml.Parser();
    this.#parser.write(this.#header);
    return this.#parser;
  }

  #boundTail(): void {
    if (this.#depth > 1 && this.#piecesLength + this.#tail.length <= this.#limits.length) {
      return;
    }
    if (this.#depth > 1) {
      this.#refuse(this.#tooLong());
    }
    // Only the start of a tag is needed: white space between stanzas and the text of a refused one are not.
    const opened = this.#tail.indexOf("<");
    this.#tail = opened < 0 ? "" : this.#tail.slice(opened);
    if (this.#tail.length > this.#limits.length) {
      this.#fail(`a tag is longer than ${this.#limits.length} characters`);
    }
  }

  #tooLong(): string {
    return `is longer than ${this.#limits.length} characters`;
  }

  #refuse(why: string): void {
    this.#refusal ??= why;
    this.#dropPieces();
  }

  #dropPieces(): void {
    this.#pieces = [];
    this.#piecesLength = 0;
  }

  #fail(why: string): void {
    this.#ended = true;
    this.#tail = "";
    this.emit("error", new Error(why));
  }
}

/**
 * The text in memory of its own. A part of a string keeps the whole string alive in V8: an address that somebody
 * remembers would hold the 64 KiB that came in one read, and not only its stanza.
 */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}
