import { readFile, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { configFileOf, pidFileOf } from "./prosody-config.ts";

/** Prosody closes its streams and files well within this time. */
const GRACE_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Ends the Prosody that a crashed run left behind: the process of our pid file, if it really runs with our configuration
 * file. Any other process, such as the system's Prosody, is never touched. Gives the id of the process that was ended.
 */
export async function endLeftover(directory: string): Promise<number | undefined> {
  const text = await readFile(pidFileOf(directory), "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  if (!(pid > 1) || pid === process.pid || !(await runsOurConfig(pid, directory))) {
    return undefined;
  }
  await end(pid, directory);
  await rm(pidFileOf(directory), { force: true }); // a process that was killed leaves it
  return pid;
}

async function end(pid: number, directory: string): Promise<void> {
  process.kill(pid, "SIGTERM");
  for (let waitedMs = 0; waitedMs < GRACE_MS; waitedMs += LOOK_EVERY_MS) {
    await sleep(LOOK_EVERY_MS);
    if (!(await runsOurConfig(pid, directory))) {
      return;
    }
  }
  process.kill(pid, "SIGKILL");
}

async function runsOurConfig(pid: number, directory: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const words = commandLine.split("\0");
  return words.some((word) => /(?:^|\/)prosody$/.test(word)) && words.includes(configFileOf(directory));
}
