// The course of one load: from a manifest's stages to frames, in the order in which a visitor wants them.

import { loadFrame, loadStage, type Sink } from "./load";
import type { Loaded } from "./manifest";
import type { Net } from "./net";
import type { PackCache } from "./pack-cache";
import type { Stage } from "./stages";
import { nearestDegree } from "./turn";

export interface Course {
  from: Loaded;
  stages: Stage[];
  sink: Sink;
  packs: PackCache;
  net: Net;
  /** Where the piece is turned to now. */
  angle(): number;
  /** A stage is whole. */
  onStage(stage: Stage): Promise<void>;
}

/** Loads stage after stage; resolves when the last is whole. */
export async function runCourse({ from, stages, sink, packs, net, angle, onStage }: Course): Promise<void> {
  const [first] = stages;
  if (!first) return;
  const wanted = nearestDegree(first.degrees, angle());
  // In the pack the wanted frame may come late; by its own URL it comes first.
  if (wanted !== undefined && wanted !== from.manifest.hero) loadFrame(wanted, first, from, sink, packs, net).catch(() => {});
  for (const stage of stages) {
    await loadStage(stage, from, sink, packs, net);
    net.signal.throwIfAborted();
    await onStage(stage);
    net.signal.throwIfAborted();
  }
}
