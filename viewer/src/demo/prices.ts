// Prices: a shop's own data, which no spin knows.

import type { Choices } from "../wire";

const METALS: Record<string, number> = { "yellow-gold": 2450, "rose-gold": 2490, platinum: 2980 };
const STONES: Record<string, number> = { diamond: 0, ruby: -350 };

/** In words, or nothing where the shop has none. */
export function priceOf({ metal = "", stone = "" }: Choices): string {
  const price = (METALS[metal] ?? NaN) + (STONES[stone] ?? 0);
  return Number.isFinite(price)
    ? price.toLocaleString("en", { style: "currency", currency: "EUR", maximumFractionDigits: 0 })
    : "";
}
