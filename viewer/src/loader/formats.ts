// Formats: which one this page requests, and how their frames begin.

import type { Format } from "../wire";

/** Few browsers cannot decode AVIF, so the first frame is the test. */
let best: Format = "avif";

/** The best format that this browser is not known to fail at. */
export function bestFormat(): Format {
  return best;
}

/** Requests WebP from now on, on this page. */
export function giveUpAvif(): void {
  best = "webp";
}

/** Whether bytes begin as the format does: `RIFF` for WebP; for AVIF the box type `ftyp` after its length. */
export function looksLike(format: Format, bytes: Uint8Array): boolean {
  return (format === "webp" ? /^RIFF/ : /^.{4}ftyp/s).test(String.fromCharCode(...bytes.subarray(0, 8)));
}
