// What a screen reader is told while it happens: events at once, progress at a rate that can be listened to.

import { byId } from "../page";

const PROGRESS_EVERY_MS = 12_000;
let lastProgress = -Infinity;

/** Tells something that has happened. */
export function announce(text: string): void {
  const region = byId("announcer");
  // The same words again are news only where the text changes in between.
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

/** Tells how far something is, unless that was told a moment ago. */
export function announceProgress(text: string): void {
  const now = performance.now();
  if (now - lastProgress < PROGRESS_EVERY_MS) return;
  lastProgress = now;
  announce(text);
}
