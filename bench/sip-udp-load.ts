import { createSocket } from "node:dgram";
import { fileURLToPath } from "node:url";

/** The program that makes the load: a process of its own, so that its work is not the engine's. */
export const LOAD_PROGRAM = fileURLToPath(import.meta.url);

/** What the load program is told, in its arguments, and what it tells back. */
export interface LoadOrder {
  readonly port: number;
  readonly requests: number;
  readonly outstanding: number;
}
export interface LoadReport {
  readonly seconds: number;
  readonly retransmissions: number;
}

const STALLED_MS = 500; // T1: what is not answered by then was lost in a full socket buffer

/** A closed loop of MESSAGE → 200: `outstanding` requests are under way, each answer makes the next one leave. */
function generate({ port, requests, outstanding }: LoadOrder, report: (report: LoadReport) => void): void {
  const socket = createSocket({ type: "udp4", lookup: (address, _options, callback) => callback(null, address, 4) });
  const waiting = new Set<number>();
  let sent = 0;
  let answered = 0;
  let retransmissions = 0;
  let answeredAtMs = Date.now();
  const startMs = Date.now();
  const send = (number: number) => socket.send(message(number, socket.address().port), port, "127.0.0.1");
  const sendNext = () => {
    if (sent === requests) return;
    sent += 1;
    waiting.add(sent);
    send(sent);
  };
  const timer = setInterval(() => {
    if (Date.now() - answeredAtMs < STALLED_MS) return;
    retransmissions += waiting.size;
    for (const number of waiting) send(number);
  }, STALLED_MS);
  socket.on("message", (bytes) => {
    if (!waiting.delete(branchNumber(bytes))) return;
    answered += 1;
    answeredAtMs = Date.now();
    sendNext();
    if (answered < requests) return;
    clearInterval(timer);
    socket.close();
    report({ seconds: (Date.now() - startMs) / 1000, retransmissions });
  });
  socket.bind(0, "127.0.0.1", () => {
    socket.setRecvBufferSize(4 * 1024 * 1024);
    for (let each = 0; each < outstanding; each += 1) sendNext();
  });
}

const BRANCH = "branch=z9hG4bK-load-";

function branchNumber(bytes: Buffer): number {
  const start = bytes.indexOf(BRANCH, 0, "latin1") + BRANCH.length;
  return Number(bytes.toString("latin1", start, bytes.indexOf(";", start, "latin1")));
}

/** As Linphone 5.1 writes it. */
function message(number: number, port: number): string {
  return [
    "MESSAGE sip:bob@sip.test SIP/2.0",
    `Via: SIP/2.0/UDP 127.0.0.1:${port};${BRANCH}${number};rport`,
    `From: <sip:alice@sip.test>;tag=load${number}`,
    "To: sip:bob@sip.test",
    "CSeq: 20 MESSAGE",
    `Call-ID: load-${number}`,
    "Max-Forwards: 70",
    "Supported: replaces, outbound, gruu",
    "Date: Fri, 21 Nov 2025 08:25:00 GMT",
    "Content-Type: text/plain",
    "Content-Length: 32",
    "User-Agent: Linphone-core/5.1.65",
    "",
    "are you there? I have news. 1234",
  ].join("\r\n");
}

if (process.argv[1] === LOAD_PROGRAM) {
  const [port = 0, requests = 0, outstanding = 0] = process.argv.slice(2).map(Number);
  generate({ port, requests, outstanding }, (report) => {
    process.send?.(report);
    process.disconnect();
  });
}
