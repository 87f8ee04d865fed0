// The manifest `girasol.manifest/1`: how it is requested, and its URL templates.

import { type Forced, withForced } from "../rules/forced";
import type { Format, Manifest } from "../wire";
import { get, jsonOf, type Net, retry, statusOf } from "./net";

const SCHEMA = "girasol.manifest/1";

/** The manifest and the URL that its templates resolve against. */
export interface Loaded {
  manifest: Manifest;
  base: string;
}

/**
 * Loads the negotiated manifest, or one version's own, `/m/{digest}.json`: that is the same for all clients, so no
 * query is sent and the viewer selects. `decodable` is the best format that this browser can decode. `wish` is
 * requested first; where the sequence does not have it, the forced values alone, and the server selects the rest.
 */
export async function loadManifest(
  src: string,
  forced: Forced,
  decodable: Format,
  net: Net,
  cache?: RequestCache,
  wish = forced,
): Promise<Loaded> {
  if (isBare(src)) return loadFrom(src, net, cache);
  try {
    return await loadFrom(withForced(src, { ...wish, format: forced.format || decodable }), net, cache);
  } catch (error) {
    if (statusOf(error) !== 400 || (forced.format && wish === forced)) throw error;
    return loadFrom(withForced(src, forced), net, cache);
  }
}

/**
 * The manifest that stands in the page, inside the element, where it is that of an address. It has AVIF alone, and may be older than the
 * server's, which the second file requests behind what is shown.
 */
export async function inlineManifest(host: HTMLElement, base: string): Promise<Loaded> {
  const manifest: Manifest = JSON.parse(host.querySelector("[slot=manifest]")!.textContent!);
  // A query asks the server for something else.
  if (manifest.schema !== SCHEMA || !base.endsWith(`/${manifest.configuration}/sequence`)) throw TypeError(base);
  return { manifest, base };
}

async function loadFrom(url: string, net: Net, cache?: RequestCache): Promise<Loaded> {
  const loaded = await retry(net, async (): Promise<Loaded> => {
    const answer = await get(net, url, { cache: cache! });
    return { manifest: (await jsonOf(answer)) as Manifest, base: answer.url || url };
  });
  if (loaded.manifest.schema !== SCHEMA) throw TypeError(`${url} is no ${SCHEMA}`);
  return loaded;
}

function isBare(src: string): boolean {
  return /\.json$/.test(src);
}

/** Fills a URL template of the manifest and resolves it. */
export function fillUrl(template: string, base: string, values: Record<string, string>): string {
  const filled = template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  return new URL(filled, base).href;
}

/** Degrees have three digits in URLs. */
export function threeDigits(degree: number): string {
  return `${degree}`.padStart(3, "0");
}
