import { decodeReferences } from "./html-entities.ts";

type Layout = "line" | "paragraph" | "break" | "item" | "list" | "cell" | "dropped" | "raw" | "preformatted";

/** What an element does to the text around it; one that is not named does nothing. HTML Standard §15.3, §3.2.7. */
const LAYOUT: ReadonlyMap<string, Layout> = new Map(
  (
    [
      ["line", "address article aside center dd div dl dt footer form header hr main nav section table tr"],
      ["paragraph", "blockquote h1 h2 h3 h4 h5 h6 p"],
      ["list", "ol ul"],
      ["item", "li"],
      ["break", "br"],
      ["cell", "td th"],
      ["preformatted", "pre"],
      ["dropped", "template title"],
      ["raw", "script style"], // their content is no markup
    ] as const
  ).flatMap(([layout, names]) => names.split(" ").map((name) => [name, layout] as const)),
);

/** Links that a person can follow; `javascript:` is none. */
const LINK = /^(?:https?|ftps?|mailto|sips?|xmpp|im|tel):/i;

interface Tag {
  readonly name: string; // lower case; "" for a comment and a declaration
  readonly isEnd: boolean;
  readonly attributes: string;
  readonly end: number;
}

/**
 * HTML or XHTML reduced to what its reader sees: lines and paragraphs as line breaks, list items with a hyphen or their
 * number, links as `text (address)`, the description of an image; no scripts and styles. Never fails, whatever stands
 * there.
 */
export function textFromHtml(html: string): string {
  const text = new ReadingText();
  let at = 0;
  while (at < html.length) {
    const tag = html[at] === "<" ? tagAt(html, at) : undefined;
    if (tag === undefined) {
      const next = html.indexOf("<", at + 1);
      const end = next === -1 ? html.length : next;
      text.write(decodeReferences(html.slice(at, end)));
      at = end;
      continue;
    }
    at = tag.end;
    if (LAYOUT.get(tag.name) === "raw") at = tag.isEnd ? at : rawEnd(html, tag);
    else if (tag.isEnd) text.close(tag.name);
    else text.open(tag);
  }
  return text.finish();
}

/** The markup that begins here; undefined when the `<` is only a character. HTML Standard §13.2.5.6. */
function tagAt(html: string, at: number): Tag | undefined {
  const none = { name: "", isEnd: false, attributes: "" };
  if (html.startsWith("<!--", at)) return { ...none, end: after(html, "-->", at + 4) };
  if (html[at + 1] === "!" || html[at + 1] === "?") return { ...none, end: after(html, ">", at + 2) };
  const isEnd = html[at + 1] === "/";
  const nameStart = isEnd ? at + 2 : at + 1;
  const name = /^[A-Za-z][A-Za-z0-9:-]{0,31}/.exec(html.slice(nameStart, nameStart + 32))?.[0];
  if (name === undefined) return undefined;
  const end = tagEnd(html, nameStart + name.length);
  return { name: name.toLowerCase(), isEnd, attributes: html.slice(nameStart + name.length, end), end };
}

function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found === -1 ? html.length : found + mark.length;
}

/** Position after the `>` that is not inside quotes. */
function tagEnd(html: string, from: number): number {
  let quote = "";
  for (let at = from; at < html.length; at++) {
    const character = html.charAt(at);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === ">") return at + 1;
    else if ((character === '"' || character === "'") && html[at - 1] === "=") quote = character;
  }
  return html.length;
}

/** Position of the end tag of a script or a style sheet. */
function rawEnd(html: string, { name, end }: Tag): number {
  const closing = new RegExp(`</${name}`, "gi"); // of two names, both letters alone
  closing.lastIndex = end;
  return closing.exec(html)?.index ?? html.length;
}

const ATTRIBUTES = {
  href: /\shref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/i,
  alt: /\salt\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/i,
} as const;

function attributeOf(attributes: string, name: keyof typeof ATTRIBUTES): string {
  const value = ATTRIBUTES[name].exec(attributes)?.[1] ?? "";
  return decodeReferences(value.replace(/^(["'])(.*)\1$/s, "$2")).trim();
}

/** An address as people write it, so that `example.com` is seen to be `http://example.com/`. */
function bareAddress(address: string): string {
  return address
    .toLowerCase()
    .replace(/^[a-z]+:(?:\/\/)?/, "")
    .replace(/\/$/, "");
}

/** A hyphen, or the number of the next item. */
interface List {
  next: number | undefined;
}

/** The text so far, and what stands between it and the next word. */
class ReadingText {
  #text = "";
  #breaks = 0;
  #hasSpace = false;
  #bullet = "";
  #dropped: string | undefined; // the element whose content is being left out
  #preformatted = 0;
  #link: { readonly href: string; readonly from: number } | undefined;
  readonly #lists: List[] = [];

  write(characters: string): void {
    if (this.#dropped !== undefined) return;
    if (this.#preformatted > 0) {
      this.#append(characters.replaceAll("\r\n", "\n"));
      return;
    }
    const words = characters.split(/[ \t\r\n\f]+/).filter((word) => word !== "");
    if (/^[ \t\r\n\f]/.test(characters)) this.#hasSpace = true;
    if (words.length === 0) return;
    this.#append(words.join(" "));
    this.#hasSpace = /[ \t\r\n\f]$/.test(characters);
  }

  open({ name, attributes }: Tag): void {
    if (this.#dropped !== undefined) return;
    this.#separate(LAYOUT.get(name));
    if (LAYOUT.get(name) === "dropped" && !attributes.endsWith("/>")) this.#dropped = name;
    if (name === "pre") this.#preformatted += 1;
    if (name === "ol" || name === "ul") this.#lists.push({ next: name === "ol" ? 1 : undefined });
    if (name === "li") this.#bullet = this.#nextBullet();
    if (name === "img") this.write(attributeOf(attributes, "alt"));
    if (name === "a") this.#link = { href: attributeOf(attributes, "href"), from: this.#text.length };
  }

  close(name: string): void {
    if (this.#dropped !== undefined) {
      if (this.#dropped === name || name === "html") this.#dropped = undefined;
      return;
    }
    if (name === "a") this.#closeLink();
    const layout = LAYOUT.get(name);
    if (layout !== "cell" && layout !== "break") this.#separate(layout);
    if (name === "pre") this.#preformatted = Math.max(0, this.#preformatted - 1);
    if (name === "ol" || name === "ul") this.#lists.pop();
  }

  finish(): string {
    this.#closeLink();
    return this.#text.replaceAll("\u00a0", " ").trimEnd();
  }

  #separate(layout: Layout | undefined): void {
    if (layout === "break") this.#breaks += 1;
    else if (layout === "paragraph") this.#breaks = Math.max(this.#breaks, 2);
    else if (layout === "cell") this.#hasSpace = true;
    else if (layout !== undefined && layout !== "dropped") this.#breaks = Math.max(this.#breaks, 1);
  }

  #append(words: string): void {
    if (this.#text !== "") {
      if (this.#breaks > 0) this.#text += "\n".repeat(this.#breaks);
      else if (this.#hasSpace) this.#text += " ";
    }
    this.#text += this.#bullet + words;
    this.#breaks = 0;
    this.#hasSpace = false;
    this.#bullet = "";
  }

  #nextBullet(): string {
    const list = this.#lists.at(-1);
    if (list?.next === undefined) return "- ";
    return `${list.next++}. `;
  }

  /** The address is not repeated when it is the text. */
  #closeLink(): void {
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined || !LINK.test(link.href)) return;
    const shown = this.#text.slice(link.from).trim();
    if (shown === "") this.#append(link.href);
    else if (bareAddress(shown) !== bareAddress(link.href)) this.#text += ` (${link.href})`;
  }
}
