// Formats: which one this page requests, and how their frames begin.

import type { Bare, Format } from "../wire";

/**
 * Few browsers cannot decode AVIF, so the first frame is the test. Where it was put together, that may be the reason: whole files
 * come next, and WebP after those.
 */
let failures = 0;

/** The best format that this browser is not known to fail at. */
export function bestFormat(): Format {
  return failures > 1 ? "webp" : "avif";
}

/** What a rendition has of bare frames, unless they have failed. */
export function bareIn({ bare }: { bare?: Bare }): Bare | undefined {
  return failures ? undefined : bare;
}

/** Does without what has failed of a stage, from now on and on this page: bare frames, or AVIF. */
export function giveUp(stage?: { bare?: Bare }): void {
  failures += stage?.bare ? 1 : 2;
}

/** Whether bytes begin as the format does: `RIFF` for WebP; for AVIF the box type `ftyp` after its length. */
export function looksLike(format: Format, bytes: Uint8Array): boolean {
  return (format === "webp" ? /^RIFF/ : /^.{4}ftyp/s).test(String.fromCharCode(...bytes.subarray(0, 8)));
}
