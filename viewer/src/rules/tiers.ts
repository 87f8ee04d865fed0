// Tiers: their keys in a manifest, and their words.

import type { Manifest } from "../wire";

/** The key under `tiers` for a tier and its frame count: `standard-24` has 24 frames, or the nearest count that divides the turn. */
export function tierKey({ tiers }: Manifest, { tier, frames }: { tier: string; frames: number }): string {
  const counted = `${tier}-${frames}`;
  const fits = (key: string) =>
    key.startsWith(`${tier}-`) && tiers[key]?.frames === frames && tiers[tier]?.frames !== frames;
  return counted in tiers ? counted : (Object.keys(tiers).find(fits) ?? tier);
}

/** The word for a tier in queries and under `selected`: `standard` for `standard-24`. */
export function wordOf(key: string): string {
  return key.replace(/-\d+$/, "");
}
