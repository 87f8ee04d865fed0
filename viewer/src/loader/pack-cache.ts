// Encoded frames that are loaded, shared by all spins of a page: neither a pack nor a frame is loaded twice.

import type { PackedFrame } from "./pack";

const MAX_BYTES = 16 * 1024 * 1024;

/** Keyed by pack digest, or by a single frame's URL. */
export interface PackCache {
  get(key: string): PackedFrame[] | undefined;
  /** One frame of a set, whether it came in a pack or alone. */
  find(set: string, degree: number): PackedFrame | undefined;
  put(key: string, set: string, frames: PackedFrame[]): void;
  /** Packs that are on their way, by digest. */
  coming: Map<string, Promise<void>>;
}

/** Evicts what was used longest ago. */
export function createPackCache(maxBytes = MAX_BYTES): PackCache {
  const packs = new Map<string, { set: string; frames: PackedFrame[] }>();
  let bytes = 0;
  return {
    coming: new Map(),
    get(key) {
      const pack = packs.get(key);
      if (pack) {
        packs.delete(key);
        packs.set(key, pack);
      }
      return pack?.frames;
    },
    find(set, degree) {
      for (const pack of packs.values()) {
        const frame = pack.set === set && pack.frames.find((frame) => frame.degree === degree);
        if (frame) return frame;
      }
      return undefined;
    },
    put(key, set, frames) {
      if (packs.has(key)) return;
      packs.set(key, { set, frames });
      bytes += bytesOf(frames);
      for (const [oldest, old] of packs) {
        if (bytes <= maxBytes) return;
        packs.delete(oldest);
        bytes -= bytesOf(old.frames);
      }
    },
  };
}

function bytesOf(frames: PackedFrame[]): number {
  return frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
}
