import { parseContentType } from "../sip/content-type.ts";
import { parseQ } from "../sip/field-values.ts";
import { splitList } from "../sip/header-fields.ts";
import type { Binding } from "../sip/registrar.ts";
import type { ContentFromSip } from "./mapping/from-sip.ts";

/** RFC 3862 message/cpim, RFC 5438 message/imdn+xml, RFC 3994 application/im-iscomposing+xml. */
export type PhoneFeature = "cpim" | "imdn" | "composing";

// biome-ignore format: table
const FEATURE_OF_TYPE: ReadonlyMap<string, PhoneFeature> = new Map([
  ["message/cpim",                     "cpim"],
  ["message/imdn+xml",                 "imdn"],
  ["application/im-iscomposing+xml",   "composing"],
]);

/** As many as there are bindings on a large site, about 300 bytes each, 6 MB in all; a phone forgotten is sent plain text. */
const MAX_PHONES = 20_000;

/** What stays the same when a phone registers again, where it tells it: its instance, else its contact. RFC 5626 §4.1. */
export function deviceOf({ instance, contact }: Pick<Binding, "instance" | "contact">): string {
  return instance ?? contact;
}

/**
 * What each phone has shown that it understands. A phone that tells its instance is known again when it comes back, and
 * has its waiting IMs as it likes them; of another one at the same contact nothing is known. In memory alone: it shows it
 * again with its next IM.
 */
export class PhoneFeatures {
  readonly #byPhone = new Map<string, Set<PhoneFeature>>();

  has(aor: string, device: string, feature: PhoneFeature): boolean {
    return this.#byPhone.get(keyOf(aor, device))?.has(feature) === true;
  }

  learn(aor: string, device: string, feature: PhoneFeature): void {
    const key = keyOf(aor, device);
    const known = this.#byPhone.get(key);
    if (known !== undefined) {
      known.add(feature);
      return;
    }
    if (this.#byPhone.size >= MAX_PHONES) this.#forgetOldest();
    this.#byPhone.set(key, new Set([feature]));
  }

  /** The phone has refused what it was thought to understand, as by a 415. RFC 3261 §21.4.13. */
  unlearn(aor: string, device: string, feature: PhoneFeature): void {
    const key = keyOf(aor, device);
    const known = this.#byPhone.get(key);
    known?.delete(feature);
    if (known?.size === 0) this.#byPhone.delete(key);
  }

  /** What a MESSAGE held, inside CPIM too: who reports or asks for reports knows IMDN. RFC 5438 §6.3, §7. */
  learnContent(aor: string, device: string, content: ContentFromSip): void {
    if (!content.ok) return;
    if (content.kind === "composing") this.learn(aor, device, "composing");
    if (content.kind === "disposition" || (content.kind === "im" && content.im.asks !== undefined)) {
      this.learn(aor, device, "imdn");
    }
  }

  /**
   * The Accept fields of a message, split into values or not. A range shows nothing: who writes `*` for every type has
   * thought of none of these. What is not named is not unlearned, since an Accept may speak for one kind of request
   * alone. RFC 3261 §20.1.
   */
  learnAccept(aor: string, device: string, fields: readonly string[]): void {
    for (const value of fields.flatMap(splitList)) {
      const type = parseContentType(value);
      const feature = type.ok ? FEATURE_OF_TYPE.get(type.value.mediaType) : undefined;
      if (!type.ok || feature === undefined) continue;
      const q = parseQ(type.value.parameters.get("q") ?? "1");
      if (q.ok && q.value === 0) this.unlearn(aor, device, feature);
      else this.learn(aor, device, feature);
    }
  }

  /** The binding is gone; what is known of an instance stays. */
  forget(aor: string, device: string): void {
    this.#byPhone.delete(keyOf(aor, device));
  }

  #forgetOldest(): void {
    const oldest = this.#byPhone.keys().next().value;
    if (oldest !== undefined) this.#byPhone.delete(oldest);
  }
}

/** No space can stand in an AOR. */
function keyOf(aor: string, device: string): string {
  return `${aor} ${device}`;
}
