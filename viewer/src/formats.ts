// Formats: which of them this browser decodes, and what their first bytes look like.

import type { Format } from "./manifest";

// One grey pixel. Whether it decodes is the only sure answer to what this browser can do.
const ONE_PIXEL_AVIF =
  "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAABYAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAEAAAABAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgQAMAAAAABNjb2xybmNseAABAA0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAAB5tZGF0EgAKCBgADkgIaDQgMggWQAAAQEAFIA==";

let best: Promise<Format> | undefined;

/** A frame that this browser could not decode. */
export class Undecodable extends Error {
  constructor(readonly format: Format) {
    super(`cannot decode ${format}`);
  }
}

/** The best format that this browser can decode; found out once a page. */
export function bestFormat(): Promise<Format> {
  best ??= decode("avif", bytesOfBase64(ONE_PIXEL_AVIF)).then(
    (bitmap): Format => (bitmap.close(), "avif"),
    (): Format => "webp",
  );
  return best;
}

/** For browsers that decode the one pixel but fail at a real frame: WebP from now on. */
export function giveUpAvif(): void {
  best = Promise.resolve("webp");
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
  const [offset, magic] = format === "webp" ? [0, "RIFF"] : [4, "ftyp"];
  return [...magic].every((letter, index) => bytes[offset + index] === letter.charCodeAt(0));
}

/** The bytes of a base64 text. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
