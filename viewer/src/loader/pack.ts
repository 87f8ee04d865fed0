// Packs hold frames back to back, so they can be cut while the bytes still arrive.

import type { Pack } from "../wire";

export interface PackedFrame {
  degree: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Cuts a pack into its frames, each as soon as its last byte is there. Bytes beyond the last frame are
 * ignored, and read: a body that is left before its end has no size in the browser's timing, which measures the line.
 */
export async function* cutPack(chunks: AsyncIterable<Uint8Array>, pack: Pack): AsyncGenerator<PackedFrame> {
  let index = 0;
  let frame = startFrame(pack, index);
  let filled = 0;
  for await (const chunk of chunks) {
    let taken = 0;
    while (frame && taken < chunk.length) {
      const part = chunk.subarray(taken, taken + frame.bytes.length - filled);
      frame.bytes.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === frame.bytes.length) {
        yield frame;
        frame = startFrame(pack, ++index);
        filled = 0;
      }
    }
  }
  // The stream ended before the last frame did.
  if (frame) throw RangeError(pack.pack);
}

function startFrame(pack: Pack, index: number): PackedFrame | undefined {
  const length = pack.lengths[index];
  return length ? { degree: pack.degrees[index]!, bytes: new Uint8Array(length) } : undefined;
}
