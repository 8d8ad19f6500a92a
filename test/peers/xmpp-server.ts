export interface XmppServerOptions {
  readonly components?: readonly { readonly domain: string; readonly secret: string }[];
  readonly hosts?: readonly string[]; // xmpp.test if absent
  readonly users?: readonly { readonly jid: string; readonly password: string }[];
  /** Modules beyond those that every test gets, by the server's own names. */
  readonly modules?: readonly string[];
  /** Modules that it is not to have, though it, or every test, would load them. */
  readonly without?: readonly string[];
  readonly archive?: boolean; // XEP-0313
}

/** A private XMPP server on 127.0.0.1, without TLS and without federation. */
export interface XmppServer {
  readonly host: string; // the first virtual host
  readonly clientPort: number;
  readonly componentPort: number;
  readonly logFile: string;
  addUser(jid: string, password: string): Promise<void>;
  /** Freezes and thaws the process: it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Other options from the next restart on; the users stay. */
  reconfigure(options: XmppServerOptions): Promise<void>;
  /** SIGTERM, or SIGKILL when `kill` is given, and a new start on the same ports with the same data. */
  restart(how?: "kill"): Promise<void>;
  /** SIGKILL, without a new start. */
  kill(): Promise<void>;
  /** SIGTERM, and removes the files. */
  stop(): Promise<void>;
}
