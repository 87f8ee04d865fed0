// The order in which a spin becomes fuller: which tiers are loaded on the way to the selected one.

import type { Format, Manifest, Rendition, Selected } from "../wire";
import { type Choice, tierKey } from "./manifest";

/** One tier to load, in one format. */
export interface Stage {
  /** `still`, `preview`, `standard` or `hd`. */
  tier: string;
  frames: number;
  degrees: number[];
  format: Format;
  rendition: Rendition;
}

export interface StageProgress {
  /** Frames of the tier that can be shown, of `total`. */
  loaded: number;
  total: number;
  /** Bytes of those that have arrived, of `totalBytes`: what the packs hold, shared ones too. */
  bytes: number;
  totalBytes: number;
}

const WAY: Record<string, string[]> = {
  still: [],
  preview: [],
  standard: ["preview"],
  hd: ["preview", "standard"],
};

/** The tiers to load, coarse to fine, ending with the selected one. */
export function planStages(manifest: Manifest, selected: Selected): Stage[] {
  const target = tierKey(manifest, selected);
  const stages: Stage[] = [];
  for (const key of [...(WAY[selected.tier] ?? []), target]) {
    const tier = manifest.tiers[key];
    // A tier may exist in one format only: better that one than nothing.
    const format = tier?.formats[selected.format] ? selected.format : other(selected.format);
    const rendition = tier?.formats[format];
    if (tier && rendition) {
      const { frames, degrees } = tier;
      stages.push({ tier: key.replace(/-\d+$/, ""), frames, degrees, format, rendition });
    }
  }
  return stages;
}

/** What is selected where the manifest does not say: an immutable one has no `selected`. */
export function selectedOr(manifest: Manifest, choice: Choice, decodable: Format): Selected {
  if (manifest.selected) return manifest.selected;
  const name = [choice.tier ?? "", "standard", "preview", "still"].find((key) => key in manifest.tiers) ?? "still";
  const frames = Number(choice.frames ?? NaN);
  const counted = `${name}-${frames}` in manifest.tiers ? frames : (manifest.tiers[name]?.frames ?? 1);
  const format = choice.format === "webp" ? "webp" : decodable;
  return { tier: name, frames: counted, format, because: [] };
}

/** How far a stage is, given which degrees of its set are there. */
export function progressOf(stage: Stage, has: (degree: number) => boolean): StageProgress {
  const progress = { loaded: stage.degrees.filter(has).length, total: stage.degrees.length, bytes: 0, totalBytes: 0 };
  for (const pack of stage.rendition.packs) {
    pack.lengths.forEach((length, index) => {
      progress.totalBytes += length;
      if (has(pack.degrees[index] ?? -1)) progress.bytes += length;
    });
  }
  return progress;
}

/** Every frame that stages may show, by set: also those of shared packs that are off a tier's own grid. */
export function framesOf(stages: Stage[]): Map<string, Set<number>> {
  const frames = new Map<string, Set<number>>();
  for (const { rendition, degrees } of stages) {
    const all = [...degrees, ...rendition.packs.flatMap((pack) => pack.degrees)];
    frames.set(rendition.set, new Set([...(frames.get(rendition.set) ?? []), ...all]));
  }
  return frames;
}

function other(format: Format): Format {
  return format === "avif" ? "webp" : "avif";
}
