// One plot: its lines over time, the bounds of alerts, deployments and launches, a readout, and a table of the same.

import uPlot from "uplot";
import type { PlannedLaunch, Plot, ProcessStart } from "../api";
import { make } from "../page";
import { digitsOf, momentOf, nameOf, scaleOf, wordOf } from "./units";
import { latestOf } from "./verdict";

/** Happenings that every plot shows. */
export interface Happenings {
  starts: ProcessStart[];
  launches: PlannedLaunch[];
}

export interface Drawing {
  element: HTMLElement;
  show(plot: Plot, happenings: Happenings): void;
  /** Draws in the colours of now. */
  recolour(): void;
  destroy(): void;
}

const COLOURS = 8;
/** Lines that share a colour's neighbourhood differ in their strokes too. */
const STROKES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
const DAY_S = 86_400;
const SYNC = uPlot.sync("ops");

/** Plots of shares that cannot be more. */
const WHOLE = ["hit-rates", "memory", "disk-free", "wanted"];

export function drawing(first: Plot): Drawing {
  const canvas = make("div", { class: "plot", role: "img" });
  const legend = make("ul", { class: "legend" });
  const when = make("span", { class: "when quiet" });
  const nothing = make("p", { class: "nothing quiet", hidden: true }, "Nothing was measured in this time.");
  const table = make("div", {
    class: "scroll tall",
    tabindex: 0,
    role: "group",
    "aria-label": `${first.title}, as a table`,
  });
  const details = make("details", {}, make("summary", {}, "As a table"), table);
  const heading = make("h3", {}, first.title);
  const element = make(
    "figure",
    { class: "panel", id: `plot-${first.figure}`, "data-figure": first.figure },
    make("figcaption", {}, heading, make("p", { class: "question quiet" }, first.question)),
    make("div", { class: "readout" }, legend, when),
    canvas,
    nothing,
    details,
  );

  let plot = first;
  let happenings: Happenings = { starts: [], launches: [] };
  let drawn: uPlot | undefined;
  let shape = "";

  const times = () => {
    const since = Date.parse(plot.since) / 1000;
    return Array.from({ length: plot.lines[0]?.values.length ?? 0 }, (_, step) => since + step * plot.stepSeconds);
  };
  const scale = () => scaleOf(plot.unit, mostOf(plot));

  /** Values at a step, or the newest of each line. */
  const read = (step?: number | null) => {
    const { unit, by } = scale();
    const rows = plot.lines.map(({ name, values }, index) => {
      const value = step == null ? latestOf(values) : values[step];
      const words = value == null ? "–" : `${digitsOf(value * by)}${unit.startsWith("/") ? "" : " "}${unit}`;
      return make(
        "li",
        {},
        make("span", { class: `swatch line-${(index % COLOURS) + 1} stroke-${index % STROKES.length}` }),
        make("span", { class: "name" }, nameOf(name)),
        make("b", {}, words.trim()),
      );
    });
    legend.replaceChildren(...rows);
    const at = step == null ? undefined : times()[step];
    when.textContent = at === undefined ? "" : momentOf(at, plot.stepSeconds);
  };

  const build = () => {
    drawn?.destroy();
    drawn = undefined;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height || !plot.lines.length) return;
    const style = getComputedStyle(canvas);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const size = Number.parseFloat(style.fontSize);
    const axis = {
      stroke: colour("--quiet"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: `${size}px ${style.fontFamily}`,
    };
    const { unit, by } = scale();
    drawn = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        padding: [size * 0.8, size * 1.8, 0, 0],
        scales: {
          x: { time: true, range: (_, least, most) => [least, most] },
          y: { range: (_, __, most) => [0, topOf(plot, most)] },
        },
        axes: [
          { ...axis, size: size * 2.2, space: size * 6, values: ticksOf },
          {
            ...axis,
            size: size * 4.6,
            space: size * 2.5,
            values: (_, at) =>
              at.map((value) => `${digitsOf(value * by)}${!unit || unit.startsWith("/") ? "" : " "}${unit}`),
          },
        ],
        series: [
          {},
          ...plot.lines.map((_, index) => ({
            stroke: colour(`--line-${(index % COLOURS) + 1}`),
            width: size / 7,
            dash: STROKES[index % STROKES.length]!,
            spanGaps: false,
            points: {
              show: true,
              size: size / 2.5,
              fill: colour(`--line-${(index % COLOURS) + 1}`),
              filter: lonelyOf,
            },
          })),
        ],
        cursor: { y: false, drag: { x: false, y: false }, points: { size: size / 2 }, sync: { key: SYNC.key } },
        hooks: {
          setCursor: [({ cursor }) => read(cursor.left != null && cursor.left >= 0 ? cursor.idx : null)],
          drawClear: [(self) => drawLaunches(self, happenings.launches, colour("--amber-ground"))],
          draw: [
            (self) => drawBounds(self, plot, colour),
            (self) => drawStarts(self, happenings.starts, colour("--ink"), colour("--edge")),
          ],
        },
      },
      dataOf(plot, times()),
      canvas,
    );
  };

  const fill = () => {
    if (details.open) table.replaceChildren(tableOf(plot, times()));
  };
  details.addEventListener("toggle", fill);
  const resized = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (drawn && width === drawn.width && height === drawn.height) return;
    build();
  });
  resized.observe(canvas);

  return {
    element,
    show(next, meanwhile) {
      const before = shape;
      plot = next;
      happenings = meanwhile;
      const { unit } = scale();
      shape = [unit, plot.stepSeconds, ...plot.lines.map(({ name }) => name)].join("|");
      const isEmpty = !plot.lines.length;
      nothing.hidden = !isEmpty;
      canvas.hidden = isEmpty;
      details.hidden = isEmpty;
      canvas.setAttribute("aria-label", `${plot.title}. ${summaryOf(plot)}`);
      if (drawn && before === shape) drawn.setData(dataOf(plot, times()));
      else build();
      read();
      fill();
    },
    recolour: build,
    destroy() {
      resized.disconnect();
      drawn?.destroy();
    },
  };
}

const dataOf = (plot: Plot, times: number[]) => [times, ...plot.lines.map(({ values }) => values)] as uPlot.AlignedData;

/** The largest value of all lines. */
function mostOf(plot: Plot): number {
  return Math.max(0, ...plot.lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
}

/** Where the axis ends: shares end at 100, and a bound comes into sight before it is reached. */
function topOf(plot: Plot, most: number | null): number {
  if (WHOLE.includes(plot.figure)) return 105;
  const near = plot.bounds.map(({ value }) => value).filter((value) => (most ?? 0) >= value / 2);
  return Math.max(most ?? 0, ...near) * 1.15 || 1;
}

/** Values between gaps, which no line would show. */
function lonelyOf(self: uPlot, line: number, show: boolean, gaps?: null | number[][]): number[] | null {
  if (!show && gaps) return null;
  const values = self.data[line]!;
  const lonely: number[] = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) lonely.push(at);
  }
  return lonely;
}

/** Hours, and the day where another one begins. */
function ticksOf(_: uPlot, at: number[], __: number, ___: number, step: number): string[] {
  return at.map((seconds) => {
    const date = new Date(1000 * seconds);
    const isMidnight = date.getHours() + date.getMinutes() === 0;
    if (step >= DAY_S || isMidnight) return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  });
}

function drawLaunches({ ctx, bbox, valToPos }: uPlot, launches: PlannedLaunch[], colour: string): void {
  ctx.save();
  ctx.fillStyle = colour;
  for (const { from, until } of launches) {
    const [left, right] = [from, until].map((moment) => valToPos(Date.parse(moment) / 1000, "x", true)) as [
      number,
      number,
    ];
    const begin = Math.max(left, bbox.left);
    const end = Math.min(right, bbox.left + bbox.width);
    if (end > begin) ctx.fillRect(begin, bbox.top, end - begin, bbox.height);
  }
  ctx.restore();
}

function drawBounds(self: uPlot, plot: Plot, colour: (name: string) => string): void {
  const { bbox } = self;
  for (const { severity, value } of plot.bounds) {
    const y = Math.round(self.valToPos(value, "y", true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    line(
      self,
      colour(severity === "critical" ? "--red" : "--amber"),
      [6, 4],
      [bbox.left, y, bbox.left + bbox.width, y],
    );
  }
}

/** A deployment is a line with a flag; a process that only started again is a short mark at the lower edge. */
function drawStarts(self: uPlot, starts: ProcessStart[], deployed: string, started: string): void {
  const { ctx, bbox } = self;
  const size = 5 * devicePixelRatio;
  for (const { at, deployment } of starts) {
    const x = Math.round(self.valToPos(Date.parse(at) / 1000, "x", true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const bottom = bbox.top + bbox.height;
    line(self, deployment ? deployed : started, [], [x, deployment ? bbox.top : bottom - 2 * size, x, bottom]);
    if (!deployment) continue;
    ctx.save();
    ctx.fillStyle = deployed;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x + 2 * size, bbox.top + size);
    ctx.lineTo(x, bbox.top + 2 * size);
    ctx.fill();
    ctx.restore();
  }
}

function line(
  { ctx }: uPlot,
  colour: string,
  dash: number[],
  [x, y, toX, toY]: [number, number, number, number],
): void {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
  ctx.restore();
}

function summaryOf(plot: Plot): string {
  const lines = plot.lines.map(({ name, values }) => {
    const known = values.filter((value) => value !== null);
    const [least, most] = [Math.min(...known), Math.max(...known)].map((value) => wordOf(plot.unit, value));
    return `${name}: now ${wordOf(plot.unit, known.at(-1) ?? 0)}, from ${least} to ${most}.`;
  });
  return `${lines.join(" ")} The table below has every value.`;
}

function tableOf(plot: Plot, times: number[]): HTMLElement {
  const heads = ["Begins", ...plot.lines.map(({ name }) => name)].map((text) => make("th", { scope: "col" }, text));
  const rows = times.map((at, step) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, momentOf(at, plot.stepSeconds)),
      ...plot.lines.map(({ values }) => {
        const value = values[step];
        return make("td", {}, value == null ? "–" : wordOf(plot.unit, value));
      }),
    ),
  );
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows.reverse()));
}
