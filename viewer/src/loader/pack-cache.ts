// Encoded frames already loaded, shared by all spins of a page: neither a pack nor a frame is loaded twice.

import type { PackedFrame } from "./pack";

const MAX_BYTES = 16 * 1024 * 1024;

/** Keyed by pack digest, or by a single frame's URL; what was used longest ago goes first. */
export class PackCache {
  #packs = new Map<string, { set: string; frames: PackedFrame[] }>();
  #bytes = 0;

  constructor(private readonly maxBytes = MAX_BYTES) {}

  get(key: string): PackedFrame[] | undefined {
    const pack = this.#packs.get(key);
    if (pack) {
      this.#packs.delete(key);
      this.#packs.set(key, pack);
    }
    return pack?.frames;
  }

  /** One frame of a set, whichever way it came. */
  find(set: string, degree: number): PackedFrame | undefined {
    for (const pack of this.#packs.values()) {
      const frame = pack.set === set && pack.frames.find((frame) => frame.degree === degree);
      if (frame) return frame;
    }
    return undefined;
  }

  put(key: string, set: string, frames: PackedFrame[]): void {
    if (this.#packs.has(key)) return;
    this.#packs.set(key, { set, frames });
    this.#bytes += bytesOf(frames);
    for (const [oldest, old] of this.#packs) {
      if (this.#bytes <= this.maxBytes) return;
      this.#packs.delete(oldest);
      this.#bytes -= bytesOf(old.frames);
    }
  }
}

function bytesOf(frames: PackedFrame[]): number {
  return frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
}
