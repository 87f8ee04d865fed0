// Packs hold frames back to back, so they can be cut while the bytes still arrive. Bare frames are without what all frames of
// their set have in common, which the manifest has once, as their head.

import type { Bare, Pack } from "../wire";

export interface PackedFrame {
  degree: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Cuts a pack into its frames, each as soon as its last byte is there, and gives bare ones their head. Bytes beyond the last frame are
 * ignored, and read: a body that is left before its end has no size in the browser's timing, which measures the line.
 */
export async function* cutPack(
  chunks: AsyncIterable<Uint8Array>,
  pack: Pack,
  { head = "", holes = [] }: Partial<Bare> = {},
): AsyncGenerator<PackedFrame> {
  const common = Uint8Array.from(head.match(/../g) ?? [], (digits) => +`0x${digits}`);
  // A bare frame begins with the bytes for the holes, and what follows them is in its place in the file.
  const begin = common.length - holes.length;
  let index = 0;
  let frame = startFrame(pack, index, begin);
  let filled = begin;
  for await (const chunk of chunks) {
    let taken = 0;
    while (frame && taken < chunk.length) {
      const part = chunk.subarray(taken, taken + frame.bytes.length - filled);
      frame.bytes.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === frame.bytes.length) {
        const { bytes } = frame;
        const own = bytes.slice();
        bytes.set(common);
        let at = begin;
        for (const hole of holes) bytes[hole] = own[at++]!;
        yield frame;
        frame = startFrame(pack, ++index, begin);
        filled = begin;
      }
    }
  }
  // The stream ended before the last frame did.
  if (frame) throw RangeError(pack.pack);
}

function startFrame(pack: Pack, index: number, begin: number): PackedFrame | undefined {
  const length = pack.lengths[index]!;
  return length > begin ? { degree: pack.degrees[index]!, bytes: new Uint8Array(length) } : undefined;
}
