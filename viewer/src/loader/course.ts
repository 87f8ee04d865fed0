// The course of one load: from a manifest's stages to frames, in the order in which a visitor wants them.

import { apart, nearestDegree } from "../screen/turn";
import { type Line, loadFrame, loadFrames, loadStage } from "./load";
import type { Stage } from "./stages";

export interface Course extends Line {
  stages: Stage[];
  /** The stage on whose degrees the first frame lies. */
  grid: Stage;
  /** Another spin is shown, which this one takes the place of. */
  isSwitch: boolean;
  /** Where the piece is turned to now. */
  angle(): number;
  /** A stage is whole; whether to go on. */
  onStage(stage: Stage): Promise<boolean>;
}

const NEIGHBOURS = 4;
// A piece that coasts may have turned on when its frame comes.
const CHASES = 3;

/** The finest stage that draws on the set of the first. */
export function gridOf(stages: Stage[]): Stage | undefined {
  return stages.filter(({ rendition }) => rendition.set === stages[0]?.rendition.set).at(-1);
}

/** Loads stage after stage; resolves when the last is whole, or no more is wanted. */
export async function runCourse(course: Course): Promise<void> {
  const { from, stages, grid, isSwitch, sink, net, angle, onStage } = course;
  const one = (degree: number, tries?: number) => loadFrame(degree, grid, course, tries).catch(() => {});
  const wanted = () => nearestDegree(grid.degrees, angle()) ?? from.manifest.hero;
  if (isSwitch) {
    // The same angle first, with the line for itself; then what lies beside it, then the rest.
    for (let chase = 0; chase < CHASES && !sink.has(grid.rendition.set, wanted()); chase++) await one(wanted(), 1);
    net.signal.throwIfAborted();
    const beside = [...grid.degrees].sort((a, b) => apart(a, angle()) - apart(b, angle())).slice(1, 1 + NEIGHBOURS);
    if (grid !== stages[0]) loadFrames(beside, grid, course).catch(() => {});
  } else if (wanted() !== from.manifest.hero) {
    // In the pack the wanted frame may come late; by its own URL it comes first.
    void one(wanted());
  }
  for (const stage of stages) {
    await loadStage(stage, course);
    net.signal.throwIfAborted();
    if (!(await onStage(stage))) return;
  }
}
