/** The part of xmpp.js 0.13 that we use; the packages ship no types. */
declare module "@xmpp/xml" {
  import type { EventEmitter } from "node:events";

  export type Attributes = Record<string, string | undefined>;
  export type Child = Element | string;

  export interface Element {
    name: string;
    attrs: Attributes;
    children: Child[];
    parent: Element | null;
    is(name: string, namespace?: string): boolean;
    getName(): string;
    getNS(): string | undefined;
    getChild(name: string, namespace?: string): Element | undefined;
    getChildren(name: string, namespace?: string): Element[];
    getChildElements(): Element[];
    getChildText(name: string, namespace?: string): string | null;
    getText(): string;
    text(): string;
    append(...children: Child[]): void;
    c(name: string, attrs?: Attributes): Element;
    t(text: string): this;
    up(): Element;
    root(): Element;
    remove(child: Child): this;
    toString(): string;
  }

  /** Emits start (the root), element (each child of the root, whole), end (the root) and error (XMLError). */
  export interface Parser extends EventEmitter {
    write(data: string): void;
  }

  interface Xml {
    (name: string, attrs?: Attributes | null, ...children: (Child | undefined | null)[]): Element;
    readonly Element: new (name: string, attrs?: Attributes) => Element;
    readonly Parser: new () => Parser;
  }
  /** A CommonJS module whose one export is this function: nothing else can be imported by name at run time. */
  const xml: Xml;
  export default xml;
}

declare module "@xmpp/component-core" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";
  import type { Element } from "@xmpp/xml";

  export class Component extends EventEmitter {
    constructor(options: { readonly service: string; readonly domain: string });
    /** Milliseconds that `open` and `authenticate` wait; 0 means for ever. */
    timeout: number;
    socket: Socket | null;
    parser: { write(data: string): void } | null;
    Socket: new () => Socket;
    Parser: new () => EventEmitter & { write(data: string): void };
    connect(service: string): Promise<void>;
    open(options: { readonly domain: string }): Promise<Element>;
    authenticate(id: string, secret: string): Promise<void>;
    socketParameters(service: string): { readonly host: string; readonly port: number };
    _onData(data: string): void;
    _onStreamError(element: Element): void;
  }
}

declare module "@xmpp/client" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";
  import type { Element } from "@xmpp/xml";

  export interface Client extends EventEmitter {
    readonly reconnect: { stop(): void };
    readonly socket: Socket | null;
    readonly sasl: { use(name: string, mechanism: new () => object): { _mechs: { readonly name: string }[] } };
    start(): Promise<{ toString(): string }>;
    stop(): Promise<unknown>;
    send(stanza: Element): Promise<void>;
  }

  export function client(options: {
    readonly service: string;
    readonly domain: string;
    readonly username: string;
    readonly password: string;
    readonly resource?: string;
  }): Client;
}
