// All plots under their headings, and in words what ran meanwhile.

import type { Plots } from "../api";
import { count, make } from "../page";
import { dateOf } from "../studio/words";
import { type Drawing, drawing } from "./plot";
import { isEmpty } from "./verdict";

/** Plots that a wall has room for. */
const ON_WALL = ["requests", "latency", "classes", "queue"];
/** A program that ran in one of so many last steps runs now. */
const NOW_STEPS = 3;

export interface PlotsGrid {
  element: HTMLElement;
  deployed: HTMLElement;
  show(plots: Plots): void;
  /** While plots of other hours are on their way. */
  wait(): void;
  /** Whether nothing was measured. */
  isEmpty(): boolean;
}

export function plotsGrid(signal: AbortSignal): PlotsGrid {
  const empty = make(
    "div",
    { id: "empty", class: "panel", hidden: true },
    make("h2", { class: "big" }, "Nothing has been measured yet"),
    make(
      "p",
      {},
      "Servers write what they measure once a minute. The first values stand here two minutes after the first start.",
    ),
  );
  const rows = make("div", { id: "plots", class: "rows" });
  const deployed = make("p", { id: "deployments", class: "quiet small" });
  const drawings = new Map<string, Drawing>();
  let shape = "";

  const clear = () => {
    for (const drawn of drawings.values()) drawn.destroy();
    drawings.clear();
  };
  const build = (plots: Plots) => {
    clear();
    const sections = plots.rows.map(({ title, plots }, index) => {
      const heading = make("h2", { class: "big", id: `row-${index}` }, title);
      const grid = make("div", { class: "grid" });
      for (const plot of plots) {
        const drawn = drawing(plot);
        drawn.element.classList.toggle("on-wall", ON_WALL.includes(plot.figure));
        drawings.set(plot.figure, drawn);
        grid.append(drawn.element);
      }
      return make("section", { "aria-labelledby": heading.id }, heading, grid);
    });
    rows.replaceChildren(...sections);
  };

  signal.addEventListener("abort", clear);
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", () => drawings.forEach((drawn) => drawn.recolour()), { signal });
  }
  return {
    element: make("div", { class: "plots" }, empty, rows),
    deployed,
    show(plots) {
      rows.removeAttribute("aria-busy");
      const all = plots.rows.flatMap(({ plots }) => plots);
      rows.hidden = isEmpty(all);
      empty.hidden = !rows.hidden;
      // A server that was replaced meanwhile may have other plots.
      const figures = all.map(({ figure }) => figure).join();
      if (figures !== shape) build(plots);
      shape = figures;
      for (const plot of all) drawings.get(plot.figure)?.show(plot, plots);
      deployed.textContent = deploymentsOf(plots);
    },
    wait: () => rows.setAttribute("aria-busy", "true"),
    isEmpty: () => rows.hidden,
  };
}

/** Which programs run, and when they were deployed. */
export function deploymentsOf({ starts, rows }: Pick<Plots, "starts" | "rows">): string {
  const lines = rows.flatMap(({ plots }) => plots).find(({ figure }) => figure === "programs")?.lines ?? [];
  const running = lines.filter(({ values }) => values.slice(-NOW_STEPS).some((value) => value)).map(({ name }) => name);
  const now = running.length ? `Running: ${running.join(", ")}. ` : "";
  const deployments = starts.filter(({ deployment }) => deployment);
  const last = deployments.at(-1);
  if (last) {
    const many = count(deployments.length, "deployment");
    return `${now}${many} in this time, the last one of ${last.program} at ${dateOf(last.at)}.`;
  }
  return now + (starts.length ? `${count(starts.length, "start")} and no deployment in this time.` : "");
}
