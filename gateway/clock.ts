/** The one clock of the process; rooms get it passed in. Same shape as the Clock of sip/ and xmpp/. */
export const systemClock = {
  now: (): number => Date.now(),
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export type Clock = typeof systemClock;
