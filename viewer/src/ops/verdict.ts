// One sentence for all of it, and the state of each figure.

import type { Alert, Plot, PlotBound } from "../api";
import { count } from "../page";

/** From well to bad; `unknown` where nothing was measured. */
export type State = "well" | "warning" | "critical" | "unknown";

export interface Verdict {
  state: State;
  words: string;
}

interface Seen {
  alerts: Alert[];
  /** Of the health score, 0 to 100. */
  score: number | undefined;
  /** Parts of the server that it says are degraded or failed. */
  unwell: { name: string; condition: "degraded" | "failed" }[];
}

/** How well shoppers are served. What is silenced is known, and counts for nothing. */
export function verdictOf({ alerts, score, unwell }: Seen): Verdict {
  const firing = alerts.filter(({ state, silenced }) => state === "firing" && !silenced);
  const critical = firing.filter(({ severity }) => severity === "critical");
  if (critical.length) {
    return { state: "critical", words: `A person has to act: ${count(critical.length, "critical alert")}` };
  }
  const failed = unwell.filter(({ condition }) => condition === "failed");
  if (failed.length) {
    return { state: "critical", words: `Not available: ${failed.map(({ name }) => name).join(", ")}` };
  }
  if (firing.length) return { state: "warning", words: `Something is wrong: ${count(firing.length, "warning")}` };
  if (unwell.length) {
    return { state: "warning", words: `Degraded: ${unwell.map(({ name }) => name).join(", ")}` };
  }
  if (score === undefined) return { state: "unknown", words: "Nothing has been measured in the last hour" };
  return { state: "well", words: "Shoppers are well served" };
}

/** The state of a value by the bounds from which on alerts are raised. */
export function stateOf(value: number | undefined, bounds: PlotBound[], isBadBelow: boolean): State {
  if (value === undefined) return "unknown";
  const beyond = bounds.filter((bound) => (isBadBelow ? value < bound.value : value > bound.value));
  if (beyond.some(({ severity }) => severity === "critical")) return "critical";
  return beyond.length ? "warning" : "well";
}

/** Figures of which small values are bad. */
export const BAD_BELOW = ["hit-rates", "disk-free"];

export const STATE_WORDS: Record<State, string> = {
  well: "well",
  warning: "warning",
  critical: "critical",
  unknown: "not measured",
};

/** Alerts in the order in which they need a person. */
export function inOrder(alerts: Alert[]): Alert[] {
  const rank = ({ state, silenced, severity }: Alert) =>
    (silenced ? 4 : 0) + (state === "firing" ? 0 : 2) + (severity === "critical" ? 0 : 1);
  return [...alerts].sort((one, other) => rank(one) - rank(other) || one.since.localeCompare(other.since));
}

/** The newest value of a line. */
export function latestOf(values: (number | null)[]): number | undefined {
  return values.filter((value) => value !== null).at(-1);
}

/** Whether nothing at all has been measured. */
export function isEmpty(plots: Plot[]): boolean {
  return plots.every(({ lines }) => lines.length === 0);
}
