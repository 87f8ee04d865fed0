// Values in words: short enough for an axis, exact enough for a decision.

import type { PlotUnit } from "../api";

export interface Shown {
  /** The number. */
  text: string;
  unit: string;
}

interface Scale {
  unit: string;
  /** What a value is multiplied with. */
  by: number;
}

const BYTES: [number, string][] = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
];

/** The scale in which values up to `most` read best. */
export function scaleOf(unit: PlotUnit, most: number): Scale {
  switch (unit) {
    case "seconds":
      if (most >= 7200) return { unit: "h", by: 1 / 3600 };
      if (most >= 120) return { unit: "min", by: 1 / 60 };
      return most > 0 && most < 1 ? { unit: "ms", by: 1000 } : { unit: "s", by: 1 };
    case "milliseconds":
      return most >= 2000 ? { unit: "s", by: 1 / 1000 } : { unit: "ms", by: 1 };
    case "bytes":
    case "bytes-per-second": {
      const [size, name] = BYTES.find(([size]) => most >= size) ?? [1, "B"];
      return { unit: unit === "bytes" ? name : `${name}/s`, by: 1 / size };
    }
    case "per-second":
      if (most >= 1 || most === 0) return { unit: "/s", by: 1 };
      return most >= 1 / 60 ? { unit: "/min", by: 60 } : { unit: "/h", by: 3600 };
    case "percent":
      return { unit: "%", by: 1 };
    case "number":
      return { unit: "", by: 1 };
  }
}

/** A number with three digits, and all of those before the point. */
export function digitsOf(value: number): string {
  if (Math.abs(value) >= 99.5) return Math.round(value).toLocaleString("en");
  return value.toLocaleString("en", { maximumSignificantDigits: Math.abs(value) < 0.1 ? 2 : 3 });
}

/** An address, or another name, without what all of its kind begin with. */
export function nameOf(name: string): string {
  return name.replace("/api/products/customizable/", "…/");
}

/** A value by itself. */
export function shownOf(unit: PlotUnit, value: number): Shown {
  const scale = scaleOf(unit, Math.abs(value));
  return { text: digitsOf(value * scale.by), unit: scale.unit };
}

/** The same in one word. */
export function wordOf(unit: PlotUnit, value: number): string {
  const { text, unit: name } = shownOf(unit, value);
  return name.startsWith("/") || !name ? text + name : `${text} ${name}`;
}

/** Time of day, by the reader's clock. */
export function clockOf(seconds: number): string {
  return new Date(1000 * seconds).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** Date and time of a step, as short as its length allows. */
export function momentOf(seconds: number, stepSeconds: number, now = Date.now()): string {
  const date = new Date(1000 * seconds);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const clock = clockOf(seconds);
  if (isToday && stepSeconds < 86_400) return clock;
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${clock}`;
}
