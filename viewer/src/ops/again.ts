// How long to wait before a lost connection is tried again.

const FIRST_MS = 1_000;
const MOST_MS = 30_000;

/** Doubles with each attempt that failed. Screens that lost the same server do not all come back at one moment. */
export function waitMs(failures: number, random = Math.random()): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.75 + random / 4);
}
