// What the page shows stands in its address, so that a reload or a link brings it back.

import type { Choices } from "../wire";

export interface Address {
  choices: Choices;
  /** A key of the manifest's tiers, or empty. */
  tier: string;
  format: string;
  angle: number | undefined;
}

const WRITE_AFTER_MS = 250;
let writing = 0;

export function readAddress(): Address {
  const { tier = "", format = "", angle, ...choices } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const degrees = Number(angle ?? NaN);
  return { choices, tier, format, angle: Number.isFinite(degrees) ? degrees : undefined };
}

/** Writes once the hand rests: browsers limit how often an address may change. */
export function writeAddress(address: Address): void {
  clearTimeout(writing);
  writing = window.setTimeout(() => {
    const { choices, tier, format, angle } = address;
    const params = new URLSearchParams(choices);
    if (tier) params.set("tier", tier);
    if (format) params.set("format", format);
    if (angle) params.set("angle", String(Math.round(angle)));
    history.replaceState(null, "", `#${params}`);
  }, WRITE_AFTER_MS);
}
