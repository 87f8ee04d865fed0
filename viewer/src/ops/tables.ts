// What is slow and why, what is left, and which server parts are well: the report in tables.

import type { HealthReport, Performance } from "../api";
import { make } from "../page";
import { sentence } from "../studio/api";
import { badge } from "../studio/widgets";
import { spanOf } from "../studio/words";
import { digitsOf, wordOf } from "./units";

const ROWS = 6;
const VERDICTS = {
  improving: "Answers become faster",
  stable: "Answers are as fast as before",
  degrading: "Answers become slower",
  unknown: "Too little was measured to compare",
};

type Cell = Node | string;

function table(caption: string, heads: string[], rows: Cell[][], none: string): HTMLElement {
  if (!rows.length) return make("div", {}, make("h3", {}, caption), make("p", { class: "quiet small" }, none));
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map(([first = "", ...rest]) =>
    make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((cell) => make("td", {}, cell))),
  );
  const made = make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
  const scroll = make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption }, made);
  return make("div", {}, make("h3", {}, caption), scroll);
}

/** The report of the hours that are shown. */
export function reportTables(report: Performance): HTMLElement[] {
  const { slowest, statements, capacity, caches, trend } = report;
  const evidence = trend.evidence;
  const change = evidence ? ` P95s are ${digitsOf(evidence.ratio)} times those of the time before.` : "";
  return [
    make(
      "div",
      {},
      make("h3", {}, "Trend"),
      make("p", {}, `${VERDICTS[trend.verdict]}.${change}`),
      table(
        "Slowest addresses",
        ["Address", "P95", "In memory", "Requests"],
        slowest.map(({ route, figures }) => [
          make("code", {}, route),
          figures.latency ? wordOf("milliseconds", figures.latency.p95Ms) : "–",
          figures.hitRate === undefined ? "–" : wordOf("percent", 100 * figures.hitRate),
          figures.requests.toLocaleString("en"),
        ]),
        "No address has enough requests yet.",
      ),
    ),
    table(
      "Statements that take most time",
      ["Statement", "Mean", "In all", "What would help"],
      statements
        .slice(0, ROWS)
        .map(({ name, meanMs, seconds, advice }) => [
          make("code", {}, name),
          wordOf("milliseconds", meanMs),
          wordOf("seconds", seconds),
          advice.join(" ") || "–",
        ]),
      "No statement has been measured yet.",
    ),
    table(
      "What is left",
      ["Of", "Used", "Ends"],
      capacity.map(({ name, used, limit, growth }) => [
        NAMES[name] ?? name,
        name === "queue-age-seconds"
          ? `${wordOf("seconds", used)} of ${wordOf("seconds", limit)}`
          : wordOf("percent", 100 * used),
        growth?.endsInHours === undefined ? "not at this growth" : `in ${spanOf(growth.endsInHours * 3_600_000)}`,
      ]),
      "Servers have not written what they use yet.",
    ),
    table(
      "Caches",
      ["Level and kind", "Hits", "Evicted too early", "What would help"],
      caches
        .filter(({ hits, misses }) => hits + misses > 0)
        .sort((one, other) => other.hits + other.misses - one.hits - one.misses)
        .slice(0, ROWS)
        .map(({ level, kind, hitRate, earlyEvictions, advice }) => [
          `${level}, ${kind}`,
          hitRate === undefined ? "–" : wordOf("percent", 100 * hitRate),
          digitsOf(earlyEvictions),
          advice ?? "–",
        ]),
      "No cache has been asked yet.",
    ),
  ];
}

const NAMES: Record<string, string> = {
  cpu: "CPU",
  memory: "Memory",
  disk: "Disk",
  "queue-age-seconds": "Wait of the oldest job",
};

/** The parts of the server that answered, each with how well it is, and what an operator should know of it. */
export function partsOf({ parts, notices }: HealthReport): HTMLElement[] {
  const rows = Object.entries(parts).map(([name, { status }]) => {
    const kind = { ok: "ready", degraded: "warns", failed: "failed" }[status];
    return make("li", {}, name, " ", badge(status, kind));
  });
  const list = make("ul", { class: "parts", "aria-label": "Parts of this server" }, ...rows);
  const wrong = Object.values(parts).flatMap(({ problem }) => problem ?? []);
  const words = [...wrong, ...(notices ?? [])].map((text) => make("p", { class: "small" }, sentence(text)));
  return [list, ...words];
}
