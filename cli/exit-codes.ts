/** What a command tells the shell. */
export const EXIT = {
  done: 0,
  refused: 1, // understood, but it cannot be done; for serve: it could not start or not stop in order
  misused: 2, // wrong usage or configuration, or no daemon answers
} as const;
