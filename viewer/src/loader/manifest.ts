// The manifest `girasol.manifest/1`: its shape, how it is asked for, and its URL templates.

import type { Format, Manifest } from "../wire";
import { get, HttpError, type Net, retry } from "./net";

const SCHEMA = "girasol.manifest/1";

/** What the page forces; the server decides the rest. */
export interface Choice {
  tier?: string | null;
  frames?: string | null;
  format?: string | null;
}

/** The manifest and the URL that its templates resolve against. */
export interface Loaded {
  manifest: Manifest;
  base: string;
}

/**
 * Loads the negotiated manifest, or one version's own, `/m/{digest}.json`, which is the same for everybody: there
 * the choice is made here, and no query is sent. `decodable` is the best format that this browser can decode.
 * `wish` is asked for first; where a sequence does not have it, the choice alone, and the server chooses the rest.
 */
export async function loadManifest(
  src: string,
  choice: Choice,
  decodable: Format,
  net: Net,
  cache: RequestCache = "default",
  wish = choice,
): Promise<Loaded> {
  if (isBare(src)) return loadFrom(src, net, cache);
  try {
    return await loadFrom(withChoice(src, { ...wish, format: choice.format || decodable }), net, cache);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 400 || (choice.format && wish === choice)) throw error;
    return loadFrom(withChoice(src, choice), net, cache);
  }
}

async function loadFrom(url: string, net: Net, cache: RequestCache): Promise<Loaded> {
  const loaded = await retry(net, async (): Promise<Loaded> => {
    const response = await get(net, url, { cache });
    return { manifest: (await response.json()) as Manifest, base: response.url || url };
  });
  if (loaded.manifest.schema !== SCHEMA) throw new TypeError(`${url} is no ${SCHEMA}`);
  return loaded;
}

function isBare(src: string): boolean {
  return /\.json$/.test(src);
}

/** Adds the forced values to a manifest URL, whatever else its query holds. */
export function withChoice(src: string, choice: Choice): string {
  const url = new URL(src, globalThis.location?.href);
  for (const [name, value] of Object.entries(choice)) if (value) url.searchParams.set(name, value);
  return url.href;
}

/** Whether the page says how many frames it wants, by attributes or in the address. */
export function isForced(src: string, choice: Choice): boolean {
  return !!(choice.tier || choice.frames) || /[?&](tier|frames)=/.test(src);
}

/** The key under `tiers` for a tier and its frame count: `standard-24` is standard with 24 frames, or as many as the turn has evenly. */
export function tierKey({ tiers }: Manifest, { tier, frames }: { tier: string; frames: number }): string {
  const counted = `${tier}-${frames}`;
  const fits = (key: string) =>
    key.startsWith(`${tier}-`) && tiers[key]?.frames === frames && tiers[tier]?.frames !== frames;
  return counted in tiers ? counted : (Object.keys(tiers).find(fits) ?? tier);
}

/** Fills a URL template of the manifest and resolves it. */
export function fillUrl(template: string, base: string, values: Record<string, string>): string {
  const filled = template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  return new URL(filled, base).href;
}

/** Degrees stand in URLs with three digits. */
export function threeDigits(degree: number): string {
  return String(degree).padStart(3, "0");
}
