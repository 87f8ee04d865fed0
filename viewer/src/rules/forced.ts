// What a page forces of what would be negotiated.

/** The values that a page forces, by attributes; the server decides the rest. */
export interface Forced {
  tier?: string | null | undefined;
  frames?: string | null | undefined;
  format?: string | null | undefined;
}

/** Adds the forced values to the query of a manifest URL. */
export function withForced(src: string, forced: Forced): string {
  const url = new URL(src);
  for (const [name, value] of Object.entries(forced)) if (value) url.searchParams.set(name, value);
  return url.href;
}

/** Whether the page forces the tier or the frame count, by attributes or in the address. */
export function isForced(src: string, forced: Forced): boolean {
  return !!(forced.tier || forced.frames) || /[?&](tier|frames)=/.test(src);
}
