declare module "ltx" {
  import type { Element } from "@xmpp/xml";
  export function parse(text: string): Element;
}
