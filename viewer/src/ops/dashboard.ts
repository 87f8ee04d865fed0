// Everything that an operator looks at: one sentence, the figures of now, alerts, plots, and what is slow.

import type { AlertList, HealthReport, LiveFigures, Plots, UserPerformance } from "../api";
import { byId, make } from "../page";
import { announce } from "../studio/announce";
import { RANGES, type View } from "./address";
import { alertsPanel, firingWords } from "./alerts-panel";
import { alerts, launches, showHealth, showPlots, showReport, showUsers } from "./api";
import { launchReports } from "./launch-reports";
import { follow, type Link } from "./live";
import { plotsGrid } from "./plots-grid";
import { sectionsOf } from "./runbook";
import runbook from "./runbook-text";
import { partsOf, reportTables } from "./tables";
import { tiles } from "./tiles";
import { trouble } from "./trouble";
import { verdictOf } from "./verdict";

/** Servers write what they measure once a minute. */
const PLOTS_EVERY_MS = 60_000;
const HEALTH_EVERY_MS = 15_000;
/** What is slow over hours changes slowly, and takes the server longer to put together. */
const REPORT_EVERY_MS = 300_000;
/** Hours of what browsers measured, which is kept by the hour. */
const USERS_HOURS = 24;

interface Seen {
  live?: LiveFigures;
  users?: UserPerformance;
  plots?: Plots;
  alerts?: AlertList;
  health?: HealthReport;
}

export interface Dashboard {
  show(view: View): void;
}

/** `onRange` gets the hours that are chosen. */
export function dashboard(
  main: HTMLElement,
  isAdmin: boolean,
  first: View,
  onRange: (hours: number) => void,
  signal: AbortSignal,
): Dashboard {
  const seen: Seen = {};
  let view = first;

  const verdict = make("h1", { id: "verdict", tabindex: -1 }, "…");
  const asOf = make("p", { id: "as-of", class: "quiet" });
  const parts = make("div", { class: "parts-line" });
  const figures = tiles();
  const grid = plotsGrid(signal);
  const tables = make("div", { class: "tables" });
  const slow = make(
    "section",
    { class: "panel report", "aria-labelledby": "slow-title" },
    make("h2", { id: "slow-title" }, "What is slow, and what is left"),
    tables,
  );
  const over = launchReports();
  const takeAlerts = (list: AlertList) => {
    const before = seen.alerts;
    seen.alerts = list;
    draw();
    const words = firingWords(list);
    if (before && words !== firingWords(before)) announce(words || "No alert fires.");
  };
  const panel = alertsPanel(sectionsOf(runbook), isAdmin, takeAlerts, () => load("plots"));

  const draw = () => {
    const { live, users, plots, health, alerts } = seen;
    const unwell = Object.entries(health?.parts ?? {}).flatMap(([name, { status }]) =>
      status === "ok" ? [] : [{ name, condition: status }],
    );
    const { state, words } = verdictOf({ alerts: alerts?.alerts ?? [], score: live?.health.score, unwell });
    document.body.dataset.verdict = state;
    if (verdict.textContent !== words) verdict.textContent = words;
    document.title = `${firingWords(alerts)}${words} · Girasol operations`;
    figures.show({ live, users, plots: plots?.rows.flatMap(({ plots }) => plots) ?? [] });
    if (alerts) panel.show(alerts, plots?.launches ?? [], plots?.watched ?? true);
    if (health) parts.replaceChildren(...partsOf(health));
  };

  let asked = 0;
  const loadPlots = async () => {
    const own = ++asked;
    const plots = await showPlots(view.hours);
    // Another choice was made meanwhile.
    if (signal.aborted || own !== asked) return;
    seen.plots = plots;
    main.removeAttribute("aria-busy");
    grid.show(plots);
    slow.hidden = grid.isEmpty();
    draw();
  };
  const loadReport = async () => {
    const { hours } = view;
    const report = await showReport(hours);
    // A table that is scrolled by keys stays.
    if (hours === view.hours && !tables.contains(document.activeElement))
      tables.replaceChildren(...reportTables(report));
  };
  const loads = {
    plots: loadPlots,
    report: loadReport,
    alerts: async () => takeAlerts(await alerts.list()),
    health: async () => {
      seen.health = await showHealth();
      draw();
    },
    launches: async () => over.show((await launches.reports()).reports),
    users: async () => {
      seen.users = await showUsers(USERS_HOURS);
      draw();
    },
  };
  const wrong = trouble(() => again(), signal);
  const load = (...names: (keyof typeof loads)[]) => Promise.all(names.map((name) => wrong.attempt(name, loads[name])));
  const loadAll = () => load("plots", "alerts", "health", "users", "report", "launches");

  main.replaceChildren(
    make(
      "div",
      { class: "page ops" },
      make("div", { class: "head" }, make("div", {}, verdict, asOf), parts),
      wrong.element,
      panel.element,
      figures.element,
      make("div", { class: "bar" }, rangeForm(first.hours, onRange), grid.deployed),
      grid.element,
      slow,
      over.element,
    ),
  );

  const showLink = (link: Link) => {
    const element = byId("link");
    element.dataset.state = link;
    element.textContent = link === "live" ? "Live" : "Not connected";
    if (link === "live") return wrong.regain();
    const since = asOf.dataset.at ? ` What you see is as of ${asOf.dataset.at}.` : "";
    wrong.lose(`The server does not answer.${since} The page tries again by itself.`);
  };
  const live = follow(
    {
      onFigures(figures) {
        seen.live = figures;
        asOf.dataset.at = new Date(figures.at).toLocaleTimeString("en-GB");
        asOf.textContent = `As of ${asOf.dataset.at}`;
        draw();
      },
      onAlert: () => void load("alerts"),
      onBack: () => void loadAll(),
      onLink: showLink,
    },
    signal,
  );
  const again = () => (byId("link").dataset.state === "lost" ? live.retry() : loadAll());
  every(PLOTS_EVERY_MS, () => load("plots", "users"), signal);
  every(HEALTH_EVERY_MS, () => load("health", "alerts"), signal);
  every(REPORT_EVERY_MS, () => load("report", "launches"), signal);

  return {
    show(next) {
      const { hours } = view;
      view = next;
      const chosen = document.querySelector<HTMLInputElement>(`#ranges input[value="${next.hours}"]`);
      if (chosen) chosen.checked = true;
      if (hours === next.hours) return;
      grid.wait();
      void load("plots", "report");
    },
  };
}

/** Calls back while the page is looked at. */
function every(ms: number, act: () => unknown, signal: AbortSignal): void {
  const timer = setInterval(() => document.hidden || act(), ms);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function rangeForm(chosen: number, onRange: (hours: number) => void): HTMLElement {
  const choices = RANGES.map(([hours, words]) => {
    const input = make("input", { type: "radio", name: "hours", value: hours, checked: hours === chosen });
    input.addEventListener("change", () => onRange(hours));
    return make("label", {}, input, make("span", {}, words));
  });
  const legend = make("legend", { class: "unseen" }, "Time that is shown");
  return make("fieldset", { id: "ranges", class: "ranges" }, legend, ...choices);
}
