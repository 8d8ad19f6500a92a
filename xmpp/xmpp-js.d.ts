/** The part of xmpp.js that we use; the packages ship no types. */
declare module "@xmpp/xml" {
  export type Attributes = Record<string, string | undefined>;
  export type Child = Element | string;

  export class Element {
    name: string;
    attrs: Record<string, string | undefined>;
    children: Child[];
    parent: Element | null;
    constructor(name: string, attrs?: Attributes);
    is(name: string, namespace?: string): boolean;
    getName(): string;
    getNS(): string | undefined;
    getChild(name: string, namespace?: string): Element | undefined;
    getChildren(name: string, namespace?: string): Element[];
    getChildElements(): Element[];
    getChildText(name: string, namespace?: string): string | null;
    getText(): string;
    text(): string;
    append(...children: (Child | undefined | null)[]): this;
    c(name: string, attrs?: Attributes): Element;
    t(text: string): this;
    up(): Element;
    root(): Element;
    remove(child: Child): this;
    toString(): string;
  }

  export interface ParserEvents {
    start: [Element];
    element: [Element];
    end: [Element];
    error: [Error];
  }

  export class Parser {
    write(data: string): void;
    end(data?: string): void;
    on(event: "start" | "element" | "end", listener: (element: Element) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
  }

  function xml(name: string, attrs?: Attributes | null, ...children: (Child | undefined | null)[]): Element;
  export default xml;
}
