// Announcements to screen readers: events at once, progress no faster than it can be listened to.

import { byId } from "../page";

const PROGRESS_EVERY_MS = 12_000;
let lastProgress = -Infinity;

/** Announces an event. */
export function announce(text: string): void {
  const region = byId("announcer");
  // Screen readers announce the same text again only if it changes in between.
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

/** Announces progress, unless that was done a moment ago. */
export function announceProgress(text: string): void {
  const now = performance.now();
  if (now - lastProgress < PROGRESS_EVERY_MS) return;
  lastProgress = now;
  announce(text);
}
