import { parseContentType } from "../../sip/content-type.ts";
import { parseCpim } from "../../sip/cpim.ts";
import type { SipRequest } from "../../sip/message.ts";
import { utf8FromLatin1 } from "../../sip/text.ts";
import { decodeText } from "../../sip/text-body.ts";
import { type InstantMessage, LANGUAGE_TAG } from "./instant-message.ts";

/** The media types that a MESSAGE may bring, as the Accept header of a 415 and of OPTIONS tells them. RFC 3428 §7. */
export const ACCEPTED_TYPES = "text/plain, message/cpim";

export type ImFromSip =
  | { readonly ok: true; readonly im: InstantMessage }
  | { readonly ok: false; readonly status: 400 | 415; readonly why: string };

/** RFC 3261 §8.1.1.7: what every branch begins with. */
const MAGIC_COOKIE = "z9hG4bK";

/**
 * MESSAGE -> instant message: body as text, Subject, Content-Language, Call-ID as the thread and the branch as the id.
 * RFC 7572 §5.
 */
export function imFromSip(request: SipRequest): ImFromSip {
  const encoding = request.fields.get("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    return { ok: false, status: 415, why: `Content-Encoding ${encoding} is not understood` };
  }
  const content = contentOf(request);
  if (!content.ok) return content;
  const subject = request.fields.get("subject");
  const language = request.fields.get("content-language")?.split(",")[0]?.trim() ?? "";
  const branch = request.via.branch;
  return {
    ok: true,
    im: {
      text: content.text,
      thread: utf8FromLatin1(request.callId),
      ...optional("subject", subject === undefined || subject === "" ? content.subject : utf8FromLatin1(subject)),
      ...optional("language", LANGUAGE_TAG.test(language) ? language : undefined), // ejabberd refuses a stanza over it
      ...optional("id", branch?.startsWith(MAGIC_COOKIE) ? utf8FromLatin1(branch.slice(MAGIC_COOKIE.length)) : branch),
    },
  };
}

type Content =
  | { readonly ok: true; readonly text: string; readonly subject?: string | undefined }
  | { readonly ok: false; readonly status: 400 | 415; readonly why: string };

function contentOf(request: SipRequest): Content {
  const written = request.fields.get("content-type");
  if (written === undefined) return plainText(request.body, undefined); // COMPAT: RFC 3261 §20.15 wants one; text is meant
  const type = parseContentType(written);
  if (!type.ok) return { ok: false, status: 400, why: `Content-Type: ${type.why}` };
  switch (type.value.mediaType) {
    case "text/plain":
      return plainText(request.body, type.value.parameters.get("charset"));
    case "message/cpim":
      return cpimText(request.body);
    default:
      return { ok: false, status: 415, why: `${type.value.mediaType} is not understood` };
  }
}

function plainText(body: Buffer, charset: string | undefined): Content {
  const text = decodeText(body, charset);
  return text.ok ? { ok: true, text: text.value } : { ok: false, status: 415, why: text.why };
}

/** The wrapped text; addresses inside are not believed, since only the SIP head was authenticated. RFC 3862. */
function cpimText(body: Buffer): Content {
  const cpim = parseCpim(body);
  if (!cpim.ok) return { ok: false, status: 400, why: cpim.why };
  const { mediaType, charset, body: wrapped } = cpim.value.content;
  if (mediaType !== "text/plain") {
    return { ok: false, status: 415, why: `${mediaType} in message/cpim is not understood` };
  }
  const text = plainText(wrapped, charset);
  return text.ok ? { ...text, subject: cpim.value.subject } : text;
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
}
