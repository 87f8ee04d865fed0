// Stages: which tiers are loaded on the way to the selected one.

import type { Format, Manifest, Rendition, Selected } from "../wire";
import type { Forced } from "./forced";
import { tierKey, wordOf } from "./tiers";

/** Degrees by set. */
export type FrameIndex = Map<string, Set<number>>;

/** One tier to load, in one format. */
export interface Stage extends Rendition {
  /** `still`, `preview`, `standard` or `hd`. */
  tier: string;
  frames: number;
  degrees: number[];
  format: Format;
}

export interface StageProgress {
  /** Frames of the tier that can be shown, of `total`. */
  loaded: number;
  total: number;
  /** Bytes of those that have arrived, of `totalBytes`: what the packs hold, shared ones too, without the head of bare frames. */
  bytes: number;
  totalBytes: number;
}

/** The tiers that are loaded before another one. */
const BEFORE: Record<string, string[]> = { standard: ["preview"], hd: ["preview", "standard"] };

/** The tiers to load, coarse to fine, ending with the selected one. */
export function planStages(manifest: Manifest, selected: Selected): Stage[] {
  const target = tierKey(manifest, selected);
  const stages: Stage[] = [];
  for (const key of [...(BEFORE[selected.tier] ?? []), target]) {
    const tier = manifest.tiers[key];
    // A tier may exist in one format only: better that one than nothing.
    const format = tier?.formats[selected.format] ? selected.format : other(selected.format);
    const rendition = tier?.formats[format];
    if (tier && rendition) {
      const { frames, degrees } = tier;
      stages.push({ tier: wordOf(key), frames, degrees, format, ...rendition });
    }
  }
  return stages;
}

/** What is selected where the manifest does not say: an immutable one has no `selected`. */
export function selectedOr(manifest: Manifest, forced: Forced, decodable: Format): Selected {
  if (manifest.selected) return manifest.selected;
  const name = [forced.tier ?? "", "standard", "preview", "still"].find((key) => key in manifest.tiers) ?? "still";
  const { frames = 1 } = manifest.tiers[`${name}-${forced.frames}`] ?? manifest.tiers[name] ?? {};
  const format = forced.format === "webp" ? "webp" : decodable;
  return { tier: name, frames, format, because: [] };
}

/** How far a stage is, given which degrees of its set are there. */
export function progressOf(stage: Stage, has: (degree: number) => boolean): StageProgress {
  const progress = { loaded: stage.degrees.filter(has).length, total: stage.degrees.length, bytes: 0, totalBytes: 0 };
  const spared = stage.bare ? stage.bare.head.length / 2 - stage.bare.holes.length : 0;
  for (const pack of stage.packs) {
    pack.lengths.forEach((length, index) => {
      progress.totalBytes += length - spared;
      if (has(pack.degrees[index] ?? -1)) progress.bytes += length - spared;
    });
  }
  return progress;
}

/** Every frame that stages may show, by set: also those of shared packs that are off a tier's own grid. */
export function framesOf(stages: Stage[]): FrameIndex {
  const frames = new Map<string, Set<number>>();
  for (const { set, degrees, packs } of stages) {
    const all = [...degrees, ...packs.flatMap((pack) => pack.degrees)];
    frames.set(set, new Set([...(frames.get(set) ?? []), ...all]));
  }
  return frames;
}

/** Bytes of a tier's own frames as this viewer loads them. */
export function loadedBytes({ bytes, bare }: Rendition): number {
  return bare?.bytes ?? bytes;
}

function other(format: Format): Format {
  return format === "avif" ? "webp" : "avif";
}
