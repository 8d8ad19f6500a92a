import { parseDeltaSeconds } from "./field-values.ts";
import { type Parsed, parsed, unparsed } from "./parsed.ts";
import { childOf, escapeXml, parseXmlBody } from "./xml-body.ts";

/** The media type of a composing notice. RFC 3994 §6. */
export const IS_COMPOSING_TYPE = "application/im-iscomposing+xml";

/** Whether the sender is writing, and for how long that holds without another notice. RFC 3994 §3.4. */
export interface IsComposing {
  readonly state: "active" | "idle";
  readonly refreshSeconds: number | undefined; // only a sender that is active names it
  readonly contentType: string | undefined; // what is being written
}

/** Reads an application/im-iscomposing+xml body; a state that is not known is idle. RFC 3994 §3.4. */
export function parseIsComposing(body: Buffer): Parsed<IsComposing> {
  const root = parseXmlBody(body);
  if (!root.ok) return root;
  if (root.value.name !== "isComposing") return unparsed("the root of a composing notice is <isComposing/>");
  const state = childOf(root.value, "state")?.text.toLowerCase() ?? "";
  if (state === "") return unparsed("a composing notice without state");
  const refresh = parseDeltaSeconds(childOf(root.value, "refresh")?.text ?? "");
  return parsed({
    state: state === "active" ? "active" : "idle",
    refreshSeconds: refresh.ok && refresh.value > 0 ? refresh.value : undefined,
    contentType: childOf(root.value, "contenttype")?.text,
  });
}

/** An application/im-iscomposing+xml body, its elements in the order of the schema. RFC 3994 §6.1. */
export function formatIsComposing({ state, refreshSeconds, contentType }: IsComposing): Buffer {
  const type = contentType === undefined ? "" : `<contenttype>${escapeXml(contentType)}</contenttype>`;
  const refresh = refreshSeconds === undefined ? "" : `<refresh>${refreshSeconds}</refresh>`;
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">` +
      `<state>${state}</state>${type}${refresh}</isComposing>`,
    "utf8",
  );
}
