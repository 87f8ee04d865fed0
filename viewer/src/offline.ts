// Offline: which requests of a page the service worker answers, how, and which answers belong to one configuration.

import type { Manifest } from "./wire";

const IMMUTABLE = /^\/(s\/[0-9a-f]{32}\/\d{3}\.(avif|webp)|p\/[0-9a-f]{32}\.pack|m\/[0-9a-f]{32}\.json)$/;
const POINTER =
  /^(\/api\/products\/customizable\/[a-z0-9.-]+(\/sequence|\/[a-z0-9-]+)|\/still\/[a-z0-9.-]+|\/girasol-spin(\.classic|\.more)?\.js)$/;
/** Addresses whose answers are of no use when they are old. */
const STATUS = /\/status$/;
const MANIFEST = /\/sequence$|^\/m\//;
const OF_CONFIGURATION = /^(?:\/api\/products\/customizable\/([a-z0-9.-]+)\/sequence|\/still\/([a-z0-9.-]+)\.[a-z]+)$/;
const OBJECT = /^\/[sp]\/([0-9a-f]{32})\b/;

/** `first`: from the cache if it has it; `meanwhile`: from the cache, and revalidated; undefined: not handled. */
export function strategyOf(method: string, url: string, isRange: boolean): "first" | "meanwhile" | undefined {
  const { pathname, searchParams } = new URL(url);
  if (method !== "GET" || isRange) return undefined;
  if (IMMUTABLE.test(pathname)) return "first";
  return POINTER.test(pathname) && !STATUS.test(pathname) && !searchParams.has("explain") ? "meanwhile" : undefined;
}

/** Whether an address answers with a manifest. */
export function isManifest(url: string): boolean {
  return MANIFEST.test(new URL(url).pathname);
}

/** The configuration that the address of a sequence or of a still names. */
export function namedBy(url: string): string | undefined {
  const [, sequence, still] = OF_CONFIGURATION.exec(new URL(url).pathname) ?? [];
  return sequence ?? still;
}

/** The digest in the address of a frame or a pack. */
export function objectAt(url: string): string | undefined {
  return OBJECT.exec(new URL(url).pathname)?.[1];
}

/** The sets and packs that a manifest names. */
export function objectsOf({ tiers }: Manifest): string[] {
  const renditions = Object.values(tiers).flatMap(({ formats }) => Object.values(formats));
  return renditions.flatMap(({ set, packs, bare }) => [set, ...packs.map(({ pack }) => pack), ...(bare?.packs ?? [])]);
}

/** Whether an answer is Girasol's own word that there is nothing to show: any proxy or portal may send the status alone. */
export function isRefusal(status: number, contentType: string | null, body: unknown): boolean {
  const { type } = (body ?? {}) as { type?: unknown };
  return (
    [403, 404, 410].includes(status) &&
    /^application\/problem\+json\b/.test(contentType ?? "") &&
    /^urn:problem-type:girasol:/.test(`${type}`)
  );
}
