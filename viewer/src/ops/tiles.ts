// The figures that are read first, and from across a room.

import type { LiveFigures, Plot, PlotBound, PlotUnit, UserPerformance } from "../api";
import { make } from "../page";
import { shownOf } from "./units";
import { BAD_BELOW, STATE_WORDS, type State, stateOf } from "./verdict";

export interface Seen {
  live: LiveFigures | undefined;
  users: UserPerformance | undefined;
  plots: Plot[];
}

interface Tile {
  id: string;
  title: string;
  unit: PlotUnit;
  value: (seen: Seen) => number | undefined;
  /** Over which time, or what it stands for. */
  note: string;
  /** The plot with its bounds. */
  figure?: string;
  bounds?: PlotBound[];
}

/** A part of the health score, as it was measured. */
const part = (name: string) => (seen: Seen) => seen.live?.health.parts.find((part) => part.name === name)?.measured;

const TILES: Tile[] = [
  {
    id: "latency",
    title: "Latency, P95",
    unit: "milliseconds",
    value: ({ live }) => live?.visitors.latency?.p95Ms,
    note: "last hour",
    figure: "latency",
  },
  {
    id: "errors",
    title: "Errors",
    unit: "percent",
    value: ({ live }) => (live?.visitors.errorRate === undefined ? undefined : 100 * live.visitors.errorRate),
    note: "last hour",
    figure: "errors",
  },
  {
    id: "hits",
    title: "From memory",
    unit: "percent",
    value: part("hit rate"),
    note: "last hour",
    figure: "hit-rates",
  },
  {
    id: "requests",
    title: "Requests",
    unit: "per-second",
    value: ({ live }) => live?.visitors.perSecond,
    note: "last hour",
  },
  {
    id: "queue",
    title: "Oldest job waits",
    unit: "seconds",
    value: part("queue age"),
    note: "now",
    figure: "queue-age",
  },
  {
    id: "frame",
    title: "First frame, P75",
    unit: "milliseconds",
    value: ({ users }) => users?.all.frameMs?.p75,
    note: "in browsers, 24 h",
  },
  {
    id: "switch",
    title: "Switch, P95",
    unit: "milliseconds",
    value: ({ users }) => users?.all.switchMs?.p95,
    note: "in browsers, 24 h",
    bounds: [{ alert: "switch", severity: "warning", value: 300 }],
  },
  {
    id: "score",
    title: "Health",
    unit: "number",
    value: ({ live }) => live?.health.score,
    note: "of 100",
  },
];

export interface Tiles {
  element: HTMLElement;
  show(seen: Seen): void;
}

export function tiles(): Tiles {
  const drawn = TILES.map((tile) => {
    const value = make("span", { class: "value" }, "–");
    const unit = make("span", { class: "unit" });
    const word = make("span", { class: "unseen" });
    const note = make("dd", { class: "note-line" }, tile.note);
    const element = make(
      "div",
      { class: "tile panel", "data-tile": tile.id, "data-state": "unknown" },
      make("dt", {}, tile.title),
      make("dd", { class: "figure" }, value, " ", unit, word),
      note,
    );
    return { tile, element, value, unit, word };
  });
  return {
    element: make("dl", { class: "tiles", "aria-label": "Figures of now" }, ...drawn.map(({ element }) => element)),
    show(seen) {
      for (const { tile, element, value, unit, word } of drawn) {
        const measured = tile.value(seen);
        const state = stateOfTile(tile, measured, seen.plots);
        const shown = measured === undefined ? { text: "–", unit: "" } : shownOf(tile.unit, measured);
        element.dataset.state = state;
        value.textContent = shown.text;
        unit.textContent = shown.unit;
        word.textContent = state === "well" ? "" : ` (${STATE_WORDS[state]})`;
      }
    },
  };
}

function stateOfTile({ id, figure = "", bounds }: Tile, value: number | undefined, plots: Plot[]): State {
  const known = bounds ?? plots.find((plot) => plot.figure === figure)?.bounds ?? [];
  if (id === "score" && value !== undefined) return value < 50 ? "critical" : value < 80 ? "warning" : "well";
  return stateOf(value, known, BAD_BELOW.includes(figure));
}
