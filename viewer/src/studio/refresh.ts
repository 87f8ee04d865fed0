// How often the overview asks the server, and when for everything: jobs change by themselves, the rest seldom.

import type { Job } from "../api";

const BUSY_MS = 2_000;
const IDLE_MS = 15_000;
const MAX_IDLE_MS = 60_000;
/** Everything is asked for at least this often while the page is visible and jobs run. */
const ALL_EVERY_MS = 15_000;

/** How long to wait. Without a job under way the pause doubles with every answer that brought nothing new. */
export function pauseMs(jobs: Job[], unchanged: number): number {
  const isBusy = jobs.some(({ state }) => state === "queued" || state === "running");
  return isBusy ? BUSY_MS : Math.min(IDLE_MS * 2 ** unchanged, MAX_IDLE_MS);
}

/** Whether products, frame sets and demand have to be asked for too, and not the jobs alone. */
export function needsAll(before: Job[], now: Job[], sinceAllMs: number): boolean {
  return sinceAllMs >= ALL_EVERY_MS || statesOf(before) !== statesOf(now);
}

function statesOf(jobs: Job[]): string {
  return jobs.map(({ id, state }) => `${id} ${state}`).join();
}
