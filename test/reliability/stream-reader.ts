/** What went by on a stream, as far as the books need it. */
export type Passed =
  | { readonly kind: "message"; readonly key: string } // an IM of the run
  | { readonly kind: "error"; readonly key: string } // the error stanza about an IM of the XMPP side
  | { readonly kind: "request"; readonly id: string } // an IQ
  | { readonly kind: "answer"; readonly id: string };

/** Tags and bodies that matter; a body's key stands complete before the `>` of its end tag. */
const WANTED = /<(message|iq)\b([^>]*)>|<body[^>]*>#([a-z]+-\d+-\d+)#/g;
const KEY = /^xmpp-\d+-\d+$/;

/** No stanza of the run is larger; what has no `>` for that long is nothing that we look for. */
const MAX_REST = 65_536;

/** Reads what it looks for out of an XML stream, wherever the chunks are cut. */
export class StreamReader {
  #rest = "";

  read(chunk: Buffer): readonly Passed[] {
    const text = this.#rest + chunk.toString("latin1");
    const end = completeLength(text);
    this.#rest = text.slice(Math.max(end, text.length - MAX_REST));
    return [...text.slice(0, end).matchAll(WANTED)].flatMap(passedOf);
  }
}

/** Up to the last tag; a body's start tag goes with what follows it. */
function completeLength(text: string): number {
  const end = text.lastIndexOf(">") + 1;
  const lastTag = text.lastIndexOf("<", end - 1);
  return text.startsWith("<body", lastTag) ? lastTag : end;
}

function passedOf([, tag, attributes = "", key]: RegExpExecArray): readonly Passed[] {
  if (key !== undefined) return [{ kind: "message", key }];
  const id = attributeOf(attributes, "id");
  const type = attributeOf(attributes, "type");
  if (id === undefined) return [];
  if (tag === "message") return type === "error" && KEY.test(id) ? [{ kind: "error", key: id }] : [];
  return [{ kind: type === "get" || type === "set" ? "request" : "answer", id }];
}

/** The value of an attribute of a start tag; undefined when it is not there. */
export function attributeOf(attributes: string, name: string): string | undefined {
  const [, single, double] = new RegExp(`\\s${name}=(?:'([^']*)'|"([^"]*)")`).exec(attributes) ?? [];
  return single ?? double;
}
