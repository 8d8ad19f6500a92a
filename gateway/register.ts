import type { Logger } from "pino";
import type { Responder } from "../sip/engine.ts";
import type { SipRequest } from "../sip/message.ts";
import { applyRegister, formatContacts } from "../sip/registrar.ts";
import type { Clock } from "./clock.ts";
import type { Counters } from "./counters.ts";
import type { IdentityPolicy } from "./policy/identity.ts";
import type { Registrations } from "./registrations.ts";

export interface RegisterOptions {
  readonly identity: IdentityPolicy;
  readonly registrations: Registrations;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

/** The registrar: REGISTER -> bindings of the user who proved to be the one in To. RFC 3261 §10.3. */
export function registerHandler(options: RegisterOptions) {
  const { identity, registrations, clock, log, counters } = options;
  return async function onRegister(request: SipRequest, responder: Responder): Promise<void> {
    const registrant = await identity.registrantOf(request);
    if (!registrant.ok) {
      responder.respond(registrant.status, registrant);
      return;
    }
    const { aor } = registrant;
    const outcome = applyRegister({ request, aor, current: registrations.bindingsOf(aor), nowMs: clock.now() });
    if (!outcome.ok) {
      counters.add("registrations.refused");
      log.info({ aor, callId: request.callId, status: outcome.status, reason: outcome.reason }, "registration refused");
      responder.respond(outcome.status, outcome);
      return;
    }
    await registrations.apply(aor, outcome);
    const saved = outcome.save.map((binding) => binding.contact);
    const removed = outcome.remove.map((binding) => binding.contact);
    if (saved.length + removed.length > 0)
      log.info({ aor, callId: request.callId, saved, removed }, "bindings changed");
    responder.respond(200, {
      headers: [
        ...formatContacts(outcome.bindings, clock.now()).map((contact) => ["Contact", contact] as const),
        ["Date", new Date(clock.now()).toUTCString()],
      ],
    });
    if (saved.length > 0 && outcome.bindings.length > 0) registrations.announce(aor);
  };
}
