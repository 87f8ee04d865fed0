// The storefront's answers that the demo page reads.

import { type Forced, withForced } from "../rules/forced";
import type { Choices, ConfigurationStatus, Configured, Manifest, Product, ProductSpin } from "../wire";

const API = "/api/products/customizable";

/** The demo's product, or undefined while there is none. Never from a cache: the demo changes while it is shown. */
export async function loadProduct(): Promise<Product | undefined> {
  return json<Product>(`${API}/ring/solitaire`, { cache: "no-cache" });
}

/** The status of a configuration; undefined where the server does not know it. */
export function loadStatus(configId: string): Promise<ConfigurationStatus | undefined> {
  return json<ConfigurationStatus>(`${API}/${configId}/status`, { cache: "no-store" });
}

export async function configure(product: Product, choices: Choices): Promise<Configured> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ choices });
  const answer = await json<Configured>(`${API}/${product.id}/configure`, { method: "POST", headers, body });
  if (!answer) throw new Error("the product does not exist");
  return answer;
}

/** The digest of the version that is live now. */
export async function loadDigest(sequence: string): Promise<string | undefined> {
  return (await json<Manifest>(sequence, { cache: "no-cache" }))?.digest;
}

/** The raw hints that the server saw, as names and values. */
export async function loadHints(sequence: string, forced: Forced): Promise<[string, string][]> {
  type Explained = Manifest & { explain?: object; hints?: object };
  const answer = await json<Explained>(withForced(new URL(`${sequence}?explain=1`, location.href).href, forced), {
    cache: "no-store",
  });
  return flatten(answer?.explain ?? answer?.hints ?? {});
}

/** The spin of exactly these choices. */
export function spinOf(product: Product, choices: Choices): ProductSpin | undefined {
  return product.spins.find((spin) => product.options.every(({ name }) => spin.choices[name] === choices[name]));
}

/** Choices in words: "Rose Gold, Diamond". */
export function wordsOf(product: Product, choices: Choices): string {
  const labels = product.options.map(
    ({ name, choices: all }) => all.find(({ value }) => value === choices[name])?.label ?? choices[name],
  );
  return labels.join(", ");
}

async function json<T>(url: string, init: RequestInit): Promise<T | undefined> {
  const response = await fetch(url, init);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return (await response.json()) as T;
}

function flatten(value: object): [string, string][] {
  return Object.entries(value).flatMap(([name, held]): [string, string][] => {
    if (held === null || held === undefined) return [];
    if (Array.isArray(held)) return [[name, held.join(", ")]];
    return typeof held === "object" ? flatten(held as object) : [[name, String(held)]];
  });
}
