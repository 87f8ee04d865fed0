// The loupe: whether visitors can look closer than hd at the live version, and what that takes.

import type { LoupeStanding, LoupeState } from "../api";
import { make } from "../page";
import { panel } from "./widgets";
import { agoOf, dateOf, sizeOf, spanOf } from "./words";

const CLOSER = "Frames for visitors who zoom further than hd goes";

const WORDS: Record<LoupeState, (loupe: LoupeStanding) => string> = {
  due: () => `${CLOSER} are made once no artist needs the server and more popular spins have had their turn.`,
  queued: ({ asked }) =>
    `${CLOSER} are made as soon as no artist needs the server.${asked ? " A visitor asked for them." : ""}`,
  running: () => `${CLOSER} are made now.`,
  ready: ({ bytes }) => `Visitors can zoom further than hd goes. These frames take ${sizeOf(bytes)}.`,
  unneeded: () => `${CLOSER} are not needed: the raw frames show hardly more.`,
  "frames-gone": () => `${CLOSER} cannot be made: the raw frames were deleted.`,
  failed: () => `${CLOSER} could not be made.`,
  disabled: () => `${CLOSER} are not made: the settings of the server forbid it.`,
  "nothing-live": () => `${CLOSER} are made of live spins with every tier.`,
  "no-frames": () =>
    `${CLOSER} cannot be made: the raw frames are not stored. They are where a set was sent to the server.`,
};

/** A sentence about it. */
export function loupeInWords(loupe: LoupeStanding): string {
  return WORDS[loupe.state](loupe);
}

export function loupePanel(loupe: LoupeStanding): HTMLElement {
  const spent = loupe.cpuSeconds >= 1 ? `${spanOf(loupe.cpuSeconds * 1000)} of CPU time` : undefined;
  const changed = loupe.changed ? make("time", { title: dateOf(loupe.changed) }, agoOf(loupe.changed)) : undefined;
  const facts = [changed, spent].filter((fact) => fact !== undefined);
  const under = facts.flatMap((fact, at): (Node | string)[] => (at ? [", ", fact] : [fact]));
  return panel(
    "Loupe",
    { id: "loupe", "data-state": loupe.state },
    make("p", {}, loupeInWords(loupe)),
    ...(under.length ? [make("p", { class: "quiet small" }, ...under)] : []),
  );
}
