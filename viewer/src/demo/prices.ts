// Prices: a shop's own data, which no spin knows.

import type { Choices } from "../wire";

const METALS: Record<string, number> = { "yellow-gold": 2450, "rose-gold": 2490, platinum: 2980 };
const STONES: Record<string, number> = { diamond: 0, ruby: -350 };

/** In euros; undefined where the shop has no price. */
export function priceOf({ metal = "", stone = "" }: Choices): number | undefined {
  const price = (METALS[metal] ?? NaN) + (STONES[stone] ?? 0);
  return Number.isFinite(price) ? price : undefined;
}

export function inWords(euros: number): string {
  return euros.toLocaleString("en", { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
}
