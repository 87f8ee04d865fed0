// Launches that are over: what visitors had during each, beside the same hours of earlier weeks.

import type { LaunchReport, LaunchVisitors } from "../api";
import { count, make } from "../page";
import { dateOf } from "../studio/words";
import { digitsOf, wordOf } from "./units";

/** Alerts of a launch that are named; the rest is counted. */
const NAMED = 10;

export interface LaunchReports {
  element: HTMLElement;
  show(reports: LaunchReport[]): void;
}

export function launchReports(): LaunchReports {
  const body = make("div", { class: "reports" });
  const title = make("h2", { id: "launch-reports-title" }, "Launches that are over");
  const element = make("section", { class: "panel launch-reports", "aria-labelledby": title.id }, title, body);
  let shown = "";
  return {
    element,
    show(reports) {
      // One that is open stays so.
      const now = JSON.stringify(reports);
      if (now === shown) return;
      shown = now;
      const none = make(
        "p",
        { class: "none quiet small" },
        "None yet. Some minutes after a launch, its report stands here.",
      );
      body.replaceChildren(...(reports.length ? reports.map((report, at) => reportOf(report, at === 0)) : [none]));
    },
  };
}

/** A report under its name; `isOpen`: it is read without a touch. */
function reportOf(report: LaunchReport, isOpen: boolean): HTMLElement {
  const { name, from, to } = report;
  const time = make("span", { class: "quiet" }, `${dateOf(from)} to ${dateOf(to)}`);
  const summary = make("summary", {}, make("b", {}, name), " ", time);
  return make("details", { open: isOpen }, summary, visitorsOf(report), ...sentencesOf(report));
}

/** What visitors had, a column a time. */
function visitorsOf({ name, during, before }: LaunchReport): HTMLElement {
  const columns: [string, LaunchVisitors][] = [
    ["During it", during],
    ...before.map(({ weeks, visitors }): [string, LaunchVisitors] => [`${count(weeks, "week")} before`, visitors]),
  ];
  if (columns.every(([, { views }]) => !views)) {
    return make("p", { class: "small" }, "No browser has reported a view, neither during it nor in the weeks before.");
  }
  const rows: [string, (visitors: LaunchVisitors) => string][] = [
    ["Views", ({ views }) => views.toLocaleString("en")],
    ["First frame, half of the views", ({ firstFrame }) => msOf(firstFrame?.p50Ms)],
    ["First frame, 95 of 100", ({ firstFrame }) => msOf(firstFrame?.p95Ms)],
    ["First spin, 95 of 100", ({ firstSpin }) => msOf(firstSpin?.p95Ms)],
    ["From a choice to its paint, 95 of 100", ({ switch: change }) => msOf(change?.p95Ms)],
    ["Failures per 100 views", ({ errors, views }) => (views ? digitsOf((100 * errors) / views) : "–")],
  ];
  const heads = make(
    "tr",
    {},
    make("th", { scope: "col" }, "Visitors had"),
    ...columns.map(([words]) => make("th", { scope: "col" }, words)),
  );
  const body = rows.map(([words, cellOf]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, words),
      ...columns.map(([, visitors]) => make("td", {}, cellOf(visitors))),
    ),
  );
  const table = make("table", {}, make("thead", {}, heads), make("tbody", {}, ...body));
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": `What visitors had: ${name}` },
    table,
  );
}

/** What servers answered, what is not known, and what fired. */
function sentencesOf({ manifests, frames, latency, during, before, fired, alerts }: LaunchReport): HTMLElement[] {
  const answered = [
    `${requestsOf(manifests, "manifests")}; ${requestsOf(frames, "frames and packs")}.`,
    ...(latency
      ? [
          `Half of the answers took at most ${wordOf("milliseconds", latency.p50Ms)}, 95 of 100 ${wordOf("milliseconds", latency.p95Ms)}.`,
        ]
      : []),
    ...(during.views && !before.length ? ["Of the same hours of earlier weeks nothing is known."] : []),
    fired ? `${count(fired, "alert")} fired.` : "No alert fired.",
  ];
  const named = alerts
    .slice(0, NAMED)
    .map(({ at, name, subject }) =>
      make("li", {}, make("time", { datetime: at }, dateOf(at)), ` ${name}${subject ? ` (${subject})` : ""}`),
    );
  const more = fired > named.length && named.length ? [make("li", {}, `and ${fired - named.length} more`)] : [];
  return [
    make("p", { class: "small" }, answered.join(" ")),
    ...(named.length ? [make("ul", { class: "past small" }, ...named, ...more)] : []),
  ];
}

function requestsOf({ all, failed }: LaunchReport["frames"], what: string): string {
  return `${all.toLocaleString("en")} ${what} were asked for, ${failed ? failed.toLocaleString("en") : "none"} failed`;
}

function msOf(ms: number | undefined): string {
  return ms === undefined ? "–" : wordOf("milliseconds", ms);
}
