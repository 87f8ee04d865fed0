// Formats: which of them this browser decodes, and what their first bytes look like.

import type { Format } from "../wire";

/** What is asked for; WebP since a frame has told that AVIF is nothing that this browser decodes. */
let best: Format = "avif";

/** A frame that this browser could not decode. */
export class Undecodable extends Error {
  constructor(readonly format: Format) {
    super(format);
  }
}

/** The best format that this browser is not known to fail at. Few fail at AVIF, so that the first frame is the question. */
export function bestFormat(): Format {
  return best;
}

/** WebP from now on, on this page. */
export function giveUpAvif(): void {
  best = "webp";
}

/** Decodes a frame off the main thread. */
export async function decode(format: Format, bytes: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes], { type: `image/${format}` }));
  } catch {
    throw new Undecodable(format);
  }
}

/** Whether bytes begin as the format does: `RIFF` for WebP; for AVIF the box type `ftyp` after its length. */
export function looksLike(format: Format, bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 8)).startsWith(
    ...((format === "webp" ? ["RIFF", 0] : ["ftyp", 4]) as [string, number]),
  );
}

/** The bytes of a base64 text. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
