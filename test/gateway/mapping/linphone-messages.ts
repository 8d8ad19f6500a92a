import { deflateSync } from "node:zlib";
import type { SipRequest } from "../../../sip/message.ts";
import { readCaptures } from "../../sip/captures.ts";
import { messageWith } from "./sip-request.ts";

const UNPACKED = /^\[\[deflate.*\]\]\n/;

/** Every MESSAGE of the captures, its body packed as it was on the wire: the print has it unpacked. */
export function linphoneMessages(file: string): readonly SipRequest[] {
  return readCaptures()
    .filter(({ source, startLine }) => source.startsWith(`linphone/${file}`) && startLine.startsWith("MESSAGE "))
    .map(({ fields, bytes }) => {
      const printed = bytes.toString("utf8", bytes.indexOf("\r\n\r\n") + 4);
      const body = Buffer.from(printed.replace(UNPACKED, ""));
      return messageWith(
        fields.filter((line) => /^(?:Content-|Priority|Expires|Date)/.test(line)),
        UNPACKED.test(printed) ? deflateSync(body) : body,
      );
    });
}
