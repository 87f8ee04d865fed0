// Encoded frames already loaded, shared by all spins of a page: neither a pack nor a frame is loaded twice.

import type { PackedFrame } from "./pack";

const MAX_BYTES = 16 * 1024 * 1024;

/** Keyed by pack digest, or by a single frame's URL; what was used longest ago goes first. */
export class PackCache {
  #packs = new Map<string, PackedFrame[]>();
  #bytes = 0;

  constructor(private readonly maxBytes = MAX_BYTES) {}

  get(digest: string): PackedFrame[] | undefined {
    const frames = this.#packs.get(digest);
    if (frames) {
      this.#packs.delete(digest);
      this.#packs.set(digest, frames);
    }
    return frames;
  }

  put(digest: string, frames: PackedFrame[]): void {
    if (this.#packs.has(digest)) return;
    this.#packs.set(digest, frames);
    this.#bytes += bytesOf(frames);
    for (const [oldest, old] of this.#packs) {
      if (this.#bytes <= this.maxBytes) return;
      this.#packs.delete(oldest);
      this.#bytes -= bytesOf(old);
    }
  }
}

function bytesOf(frames: PackedFrame[]): number {
  return frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
}
