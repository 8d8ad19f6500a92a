import { startEjabberd } from "../peers/ejabberd.ts";
import { describeXmppLink } from "./xmpp-link-scenarios.ts";

describeXmppLink("ejabberd", startEjabberd);
