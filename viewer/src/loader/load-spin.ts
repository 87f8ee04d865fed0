// One load of a spin: its stages, and the order in which a visitor wants their frames.

import type { Stage } from "../rules/stages";
import { apart, nearestDegree } from "../rules/turn";
import { loadFrame, loadFrames, loadStage, type PackTransport, startPack, type Transport } from "./load-stage";

export interface SpinLoad extends Transport {
  stages: Stage[];
  /** The stage on whose degrees the first frame lies. */
  grid: Stage;
  /** The spin takes the place of another one that is shown. */
  isSwitch: boolean;
  /** All stages are wanted for certain: their packs are requested at once. */
  isCertain: boolean;
  /** Where the piece is turned to now. */
  angle(): number;
  /** A stage is complete; whether to load the next. */
  onStage(stage: Stage): Promise<boolean>;
}

const NEIGHBOURS = 4;
// A piece that coasts may have turned on when its frame arrives.
const CHASES = 3;

/** The finest stage that uses the set of the first. */
export function gridOf(stages: Stage[]): Stage | undefined {
  return stages.filter(({ set }) => set === stages[0]?.set).at(-1);
}

/** Loads stage after stage; resolves when the last is complete, or `onStage` wants no more. */
export async function loadSpin(load: SpinLoad): Promise<void> {
  const { from, stages, grid, isSwitch, isCertain, sink, net, angle, onStage } = load;
  const one = (degree: number, tries?: number) => loadFrame(degree, grid, load, tries).catch(() => {});
  const wanted = () => nearestDegree(grid.degrees, angle()) ?? from.manifest.hero;
  if (isSwitch) {
    // The frame at the same angle first, with the connection to itself; then its neighbours, then the rest.
    for (let chase = 0; chase < CHASES && !sink.has(grid.set, wanted()); chase++) await one(wanted(), 1);
    net.signal.throwIfAborted();
    const beside = [...grid.degrees].sort((a, b) => apart(a, angle()) - apart(b, angle())).slice(1, 1 + NEIGHBOURS);
    if (grid !== stages[0]) loadFrames(beside, grid, load).catch(() => {});
  } else if (wanted() !== from.manifest.hero) {
    // The wanted frame may be late in its pack; its own URL gives it first.
    void one(wanted());
  }
  /** Requests the packs of the first stages. An error is that of the stage that waits for it. */
  const begin = (count: number) => {
    for (const stage of stages.slice(0, count))
      for (const pack of stage.packs) startPack(pack, stage, transport).catch(() => {});
  };
  const transport: PackTransport = { ...load, started: {}, onEnding: (stage) => begin(stages.indexOf(stage) + 2) };
  if (isCertain) begin(stages.length);
  for (const stage of stages) {
    await loadStage(stage, transport);
    net.signal.throwIfAborted();
    if (!(await onStage(stage))) return;
  }
}
