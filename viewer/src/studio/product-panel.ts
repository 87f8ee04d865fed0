// The panel of a product on the overview: which of its configurations have a spin.

import type { Frameset, Job, ListedChoice, ListedOption, ListedProduct } from "../api";
import { count, make, paintSwatch } from "../page";
import { type Cell, coverageOf } from "./coverage";
import { askForSet, startSet } from "./new-set";
import { configurationHash, setHash } from "./routes";
import { button } from "./widgets";
import { choicesInWords } from "./words";

/** A product with all its configurations, as a row, a matrix or a list. */
export function productPanel(product: ListedProduct, sets: Frameset[], jobs: Job[]): HTMLElement {
  const { grid, live, total } = coverageOf(product, sets, jobs);
  const more = button("New choice", () => askForSet([product], product), {
    class: "plain small",
    "aria-label": `New choice of ${product.label}`,
    "data-key": `new ${product.id}`,
  });
  const about = make(
    "p",
    { class: "quiet" },
    make("code", {}, product.id),
    `, ${live} of ${count(total, "configuration")} live`,
  );
  const section = make("section", { class: "panel product", "aria-label": product.label, "data-product": product.id });
  section.append(
    make("div", { class: "product-head" }, make("div", {}, make("h2", { class: "big" }, product.label), about), more),
  );
  if (grid.shape === "matrix") {
    section.append(matrix(product, grid.rows, grid.columns, grid.cells));
  } else {
    const label = (cell: Cell) => {
      const option = grid.shape === "row" ? grid.option : undefined;
      const choice = option?.choices.find(({ value }) => value === cell.choices[option.name]);
      return choice ? labelOf(choice.label, choice.swatch) : [choicesInWords(cell.choices) || product.label];
    };
    const cells = grid.cells.map((cell) => make("li", {}, cellOf(product, cell, label(cell))));
    section.append(make("ul", { class: `cells ${grid.shape}` }, ...cells));
    if (grid.shape === "list" && grid.missing) {
      section.append(
        make(
          "p",
          { class: "quiet small" },
          `And ${count(grid.missing, "combination")} more without a spin; “New choice” starts any of them.`,
        ),
      );
    }
  }
  return section;
}

function matrix(product: ListedProduct, rows: ListedOption, columns: ListedOption, cells: Cell[][]): HTMLElement {
  const head = columns.choices.map(({ label, swatch }) => make("th", { scope: "col" }, ...labelOf(label, swatch)));
  const body = rows.choices.map(({ label, swatch }, index) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("span", { class: "choice" }, ...labelOf(label, swatch))),
      ...cells[index]!.map((cell) => make("td", {}, cellOf(product, cell, []))),
    ),
  );
  const corner = make("td", { class: "quiet small" }, `${rows.label} / ${columns.label}`);
  const table = make(
    "table",
    { class: "matrix" },
    make("thead", {}, make("tr", {}, corner, ...head)),
    make("tbody", {}, ...body),
  );
  return make("div", { class: "scroll" }, table);
}

function labelOf(label: string, swatch: ListedChoice["swatch"]): (Node | string)[] {
  if (!swatch) return [label];
  const dot = make("span", { class: "dot", "aria-hidden": "true" });
  paintSwatch(dot, swatch);
  return [dot, label];
}

/** One configuration: its state, and a link to it or a button that starts it. */
function cellOf(product: ListedProduct, cell: Cell, label: (Node | string)[]): HTMLElement {
  const { state, configuration, set, job, choices } = cell;
  const name = choicesInWords(choices) || product.label;
  const words = configuration?.protected ? `${wordsOf(cell)}, protected` : wordsOf(cell);
  const picture = make("span", { class: "thumb", "aria-hidden": "true" });
  if (state === "live" && configuration?.still) {
    const still = make("img", { src: configuration.still, alt: "", loading: "lazy", width: 96, height: 96 });
    still.addEventListener("error", () => still.remove());
    picture.append(still);
  }
  const inside = [
    picture,
    make(
      "span",
      { class: "about" },
      // The space keeps the visible text alike to the label below.
      ...(label.length ? [make("span", { class: "choice" }, ...label), " "] : []),
      make("span", { class: "says" }, words),
    ),
  ];
  const chosen = Object.entries(choices)
    .map((pair) => pair.join("="))
    .join(" ");
  const attributes = {
    class: `cell ${state}`,
    "data-state": state,
    "data-choices": chosen,
    "data-key": `${product.id} ${name}`,
    "aria-label": `${name}: ${words}`,
  };
  if (configuration && (state === "live" || state === "waits")) {
    const version = state === "waits" || isBehind(cell) ? (configuration.latest ?? undefined) : undefined;
    return make("a", { href: configurationHash(configuration.id, version), ...attributes }, ...inside);
  }
  if (set && (state === "open" || job)) return make("a", { href: setHash(set.id), ...attributes }, ...inside);
  const start = button("", () => startSet(product.id, choices), {
    ...attributes,
    "aria-label": `${name}: ${words}. Start a frame set`,
  });
  start.append(...inside);
  return start;
}

function wordsOf(cell: Cell): string {
  const { state, configuration, set, job } = cell;
  switch (state) {
    case "live":
      return isBehind(cell) ? `live, version ${configuration!.latest} waits` : "live";
    case "waits":
      return `version ${configuration!.latest} waits`;
    case "encoding":
      return job?.total ? `encoding, ${job.done} of ${job.total}` : "encoding";
    case "open":
      return `open, ${count(set?.frames ?? 0, "frame")}`;
    case "down":
      return "taken down";
    case "none":
      return "no spin";
  }
}

/** Whether a newer version than the live one waits to be published. */
function isBehind({ configuration }: Cell): boolean {
  return configuration?.live != null && (configuration.latest ?? 0) > configuration.live;
}
