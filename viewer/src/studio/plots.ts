// Bytes and quality of each frame over the turn: as plots that turn the spin, and as a table for screen readers.

import uPlot from "uplot";
import type { FrameFigure } from "../api";
import { make } from "../page";
import { nearestDegree } from "../rules/turn";
import { sizeOf } from "./words";

const HEIGHT_PX = 150;

export interface Plots {
  element: HTMLElement;
  /** Marks the frame that the spin shows. */
  mark(angle: number): void;
}

interface Kind {
  id: string;
  title: string;
  words: (value: number) => string;
  tick: (value: number) => string;
  colour: string;
  isBars: boolean;
}

const BYTES: Kind = {
  id: "plot-bytes",
  title: "Bytes for each frame",
  words: sizeOf,
  tick: (value) => sizeOf(value).replace(" bytes", ""),
  colour: "--bar",
  isBars: true,
};
const QUALITY: Kind = {
  id: "plot-quality",
  title: "Quality of each frame (SSIMULACRA2)",
  words: (value) => value.toFixed(1),
  tick: (value) => String(Math.round(value * 10) / 10),
  colour: "--second",
  isBars: false,
};

/** `onPick` gets the degree of the frame under the pointer. */
export function plotFrames(frames: FrameFigure[], onPick: (degree: number) => void, signal: AbortSignal): Plots {
  const degrees = frames.map(({ degree }) => degree);
  const quality = frames.map((frame) => frame.quality ?? null);
  const drawn = [
    plot(
      BYTES,
      degrees,
      frames.map(({ bytes }) => bytes),
      onPick,
      signal,
    ),
  ];
  if (quality.some((value) => value != null)) drawn.push(plot(QUALITY, degrees, quality, onPick, signal));
  const none =
    drawn.length < 2
      ? [make("p", { class: "quiet small" }, "The quality of each frame is not stored for this version.")]
      : [];
  const element = make("div", { class: "plots" }, ...drawn.map((one) => one.element), ...none, tableOf(frames, onPick));
  return { element, mark: (angle) => drawn.forEach((one) => one.mark(nearestDegree(degrees, angle))) };
}

function plot(
  kind: Kind,
  degrees: number[],
  values: (number | null)[],
  onPick: (degree: number) => void,
  signal: AbortSignal,
) {
  const readout = make("span", { class: "readout" });
  const canvas = make("div", {
    class: "plot",
    role: "img",
    "aria-label": `${kind.title}. ${summaryOf(kind, degrees, values)}`,
  });
  const element = make(
    "figure",
    { id: kind.id },
    make("figcaption", {}, make("span", {}, kind.title), readout),
    canvas,
  );
  let marked: number | undefined;
  let drawn: uPlot | undefined;
  let isOver = false;

  const announceFrame = (index: number) => {
    const value = values[index];
    readout.textContent = value == null ? "" : `${degrees[index]}°: ${kind.words(value)}`;
  };
  const build = () => {
    drawn?.destroy();
    const width = canvas.clientWidth;
    if (!width) return;
    const colours = getComputedStyle(canvas);
    const colour = (name: string) => colours.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--quiet"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${colours.fontFamily}`,
    };
    const bars = uPlot.paths.bars!({ size: [0.7, 40], align: 0 });
    const least = Math.min(...values.filter((value) => value != null));
    const most = Math.max(...values.filter((value) => value != null));
    const step = 360 / Math.max(1, degrees.length);
    const slack = Math.max((most - least) * 0.15, 0.5);
    drawn = new uPlot(
      {
        width,
        height: HEIGHT_PX,
        legend: { show: false },
        scales: {
          x: { time: false, range: [-step / 2, 360 - step / 2] },
          y: { range: kind.isBars ? [0, most * 1.08] : [least - slack, most + slack] },
        },
        axes: [
          {
            ...axis,
            size: 28,
            splits: () => [0, 60, 120, 180, 240, 300],
            values: (_, at) => at.map((degree) => `${degree}°`),
          },
          { ...axis, size: 56, values: (_, at) => at.map(kind.tick) },
        ],
        series: [
          {},
          {
            stroke: colour(kind.colour),
            points: { show: !kind.isBars, size: 5, fill: colour(kind.colour) },
            ...(kind.isBars ? { fill: colour(kind.colour), width: 0, paths: bars } : { width: 1.5 }),
          },
        ],
        cursor: { x: false, y: false, drag: { x: false, y: false }, points: { size: 8 } },
        hooks: {
          setCursor: [
            ({ cursor }) => {
              if (!isOver || cursor.idx == null) return;
              announceFrame(cursor.idx);
              onPick(degrees[cursor.idx]!);
            },
          ],
          draw: [(self) => drawMark(self, marked, colour("--ink"))],
        },
      },
      [degrees, values],
      canvas,
    );
  };

  canvas.addEventListener("pointerenter", () => (isOver = true));
  canvas.addEventListener("pointerleave", () => (isOver = false));
  const resized = new ResizeObserver(() => {
    const width = canvas.clientWidth;
    if (!drawn) build();
    else if (width && width !== drawn.width) drawn.setSize({ width, height: HEIGHT_PX });
  });
  resized.observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build, { signal });
  signal.addEventListener("abort", () => {
    resized.disconnect();
    drawn?.destroy();
  });

  const mark = (degree: number | undefined) => {
    if (degree === marked) return;
    marked = degree;
    if (degree !== undefined) announceFrame(degrees.indexOf(degree));
    drawn?.redraw(false, false);
  };
  return { element, mark };
}

/** A line where the spin stands. */
function drawMark(self: uPlot, degree: number | undefined, colour: string): void {
  if (degree === undefined) return;
  const { ctx, bbox } = self;
  const x = Math.round(self.valToPos(degree, "x", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function summaryOf(kind: Kind, degrees: number[], values: (number | null)[]): string {
  const known = values.filter((value) => value != null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const at = (value: number) => `${kind.words(value)} at ${degrees[values.indexOf(value)]} degrees`;
  return `From ${at(least)} to ${at(most)}. The table below has every frame.`;
}

function tableOf(frames: FrameFigure[], onPick: (degree: number) => void): HTMLElement {
  const rows = frames.map(({ degree, bytes, quality }) => {
    const turn = make(
      "button",
      { type: "button", class: "plain small", "aria-label": `Turn to ${degree} degrees` },
      `${degree}°`,
    );
    turn.addEventListener("click", () => onPick(degree));
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, turn),
      make("td", {}, bytes.toLocaleString("en")),
      make("td", {}, quality == null ? "–" : quality.toFixed(1)),
    );
  });
  const heads = ["Angle", "Bytes", "Quality"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  return make(
    "details",
    { class: "frame-table" },
    make("summary", {}, "Every frame in a table"),
    make("div", { class: "scroll tall" }, table),
  );
}
