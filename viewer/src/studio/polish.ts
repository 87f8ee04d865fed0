// Polishing: what it has won for the live version, or when it will be tried, or why it is not.

import type { Polish, PolishGain, PolishState } from "../api";
import { make } from "../page";
import type { Format } from "../wire";
import { nameOf, tierInWords } from "./renditions";
import { panel } from "./widgets";
import { agoOf, dateOf, spanOf } from "./words";

const AGAIN = "It is encoded again with more effort";

const WORDS: Record<PolishState, (polish: Polish) => string> = {
  due: () => `${AGAIN} once no artist needs the server and more popular spins have had their turn.`,
  queued: () => `${AGAIN} as soon as no artist needs the server.`,
  running: () => `${AGAIN} now. It goes live where it is better in every tier.`,
  better: ({ from, version }) =>
    `Version ${from} was encoded again with more effort. Version ${version} is what was better.`,
  "not-better": ({ from }) =>
    `Version ${from} was encoded again with more effort, and that was no better in every tier.`,
  overtaken: ({ from }) => `Version ${from} was encoded again with more effort, but something else changed meanwhile.`,
  "frames-gone": () => "It is not encoded again with more effort: its raw frames were deleted.",
  failed: ({ from }) => `Version ${from} could not be encoded again with more effort.`,
  disabled: () => "It is not encoded again with more effort: the settings of the server forbid it.",
  "nothing-live": () => "Only a live spin with every tier is encoded again with more effort.",
  protected: () => "Protected spins are not encoded again with more effort.",
  "not-newest": () => "It is not encoded again with more effort: only the newest version of a spin is.",
  unneeded: () => "It was encoded with the most effort.",
  "no-frames": () =>
    "It is not encoded again with more effort: its raw frames are not stored. They are where a set was sent to the server.",
};

/** A sentence about it. */
export function polishInWords(polish: Polish): string {
  return WORDS[polish.state](polish);
}

/** Points that were won or lost: "+1.3", "−0.1". */
export function pointsOf({ before, after }: PolishGain): string {
  const points = after - before;
  const sign = points < -0.05 ? "−" : points < 0.05 ? "±" : "+";
  return `${sign}${Math.abs(points).toFixed(1)}`;
}

export function polishPanel(polish: Polish): HTMLElement {
  const spent = polish.cpuSeconds >= 1 ? `${spanOf(polish.cpuSeconds * 1000)} of CPU time` : undefined;
  const changed = polish.changed ? make("time", { title: dateOf(polish.changed) }, agoOf(polish.changed)) : undefined;
  const facts = [changed, spent].filter((fact) => fact !== undefined);
  const under = facts.flatMap((fact, at): (Node | string)[] => (at ? [", ", fact] : [fact]));
  return panel(
    "Polish",
    { id: "polish", "data-state": polish.state },
    make("p", {}, polishInWords(polish)),
    ...(under.length ? [make("p", { class: "quiet small" }, ...under)] : []),
    ...(polish.gains.length ? [gainTable(polish.gains)] : []),
  );
}

function gainTable(gains: PolishGain[]): HTMLElement {
  const rows = gains.map((gain) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, tierInWords(gain.tier)),
      make("td", {}, nameOf(gain.format as Format)),
      make("td", {}, `${gain.before.toFixed(1)} → ${gain.after.toFixed(1)}`),
      make("td", {}, pointsOf(gain)),
    ),
  );
  const heads = ["Tier", "Format", "Quality", "Points"].map((text) => make("th", { scope: "col" }, text));
  const table = make(
    "table",
    {},
    make("caption", { class: "unseen" }, "What more effort has won"),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
  return make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "What more effort has won" }, table);
}
