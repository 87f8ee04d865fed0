// Offline: which requests of a page the service worker answers, and how.

const IMMUTABLE = /^\/(s\/[0-9a-f]{32}\/\d{3}\.(avif|webp)|p\/[0-9a-f]{32}\.pack|m\/[0-9a-f]{32}\.json)$/;
const POINTER =
  /^(\/api\/products\/customizable\/[a-z0-9.-]+(\/sequence|\/[a-z0-9-]+)|\/still\/[a-z0-9.-]+|\/girasol-spin(\.classic)?\.js)$/;
/** Addresses whose answers are of no use when they are old. */
const STATUS = /\/status$/;

/** `first`: from the cache if it has it; `meanwhile`: from the cache, and revalidated; undefined: not handled. */
export function strategyOf(method: string, url: string, isRange: boolean): "first" | "meanwhile" | undefined {
  const { pathname, searchParams } = new URL(url);
  if (method !== "GET" || isRange) return undefined;
  if (IMMUTABLE.test(pathname)) return "first";
  return POINTER.test(pathname) && !STATUS.test(pathname) && !searchParams.has("explain") ? "meanwhile" : undefined;
}
