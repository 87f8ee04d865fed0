// The overview: products with their coverage, wanted configurations, and the latest frame sets.

import { count, make } from "../page";
import { DEMAND_CSV, demand as demandApi, jobs as jobsApi, products as productsApi, sets as setsApi } from "./api";
import { type Cell, coverageOf } from "./coverage";
import { jobInWords, resultLink } from "./job-panel";
import { askForSet, startSet } from "./new-set";
import { needsAll, pauseMs } from "./refresh";
import { configurationHash, setHash } from "./routes";
import type { Choices, FrameSet, Job, Option, Product, Wanted } from "./shapes";
import { badge, button, link, panel, pause } from "./widgets";
import { agoOf, choicesInWords, dateOf, pieceInWords, sizeOf, titleOf } from "./words";

const RECENT = 12;
const WANTED = 10;

interface Studio {
  products: Product[];
  sets: FrameSet[];
  jobs: Job[];
  wanted: Wanted[];
}

export async function showOverview(page: HTMLElement, signal: AbortSignal): Promise<void> {
  const studio = await loadAll(jobsApi.list());
  draw(page, studio);
  void refresh(page, studio, signal);
}

/** Keeps the page up to date until it is left. What is shown stays while the server does not answer. */
async function refresh(page: HTMLElement, first: Studio, signal: AbortSignal): Promise<void> {
  let shown = first;
  let unchanged = 0;
  let allAt = performance.now();
  for (;;) {
    await pause(pauseMs(shown.jobs, unchanged), signal);
    if (signal.aborted) return;
    try {
      const jobs = await jobsApi.list();
      const isAll = needsAll(shown.jobs, jobs, performance.now() - allAt);
      const fresh = isAll ? await loadAll(jobs) : { ...shown, jobs };
      if (isAll) allAt = performance.now();
      if (signal.aborted) return;
      unchanged += 1;
      if (JSON.stringify(fresh) === JSON.stringify(shown)) continue;
      unchanged = 0;
      drawKeepingFocus(page, (shown = fresh));
    } catch {
      // The next round tries again.
    }
  }
}

async function loadAll(loadingJobs: Job[] | Promise<Job[]>): Promise<Studio> {
  const [products, sets, jobs, wanted] = await Promise.all([
    productsApi.list(),
    setsApi.list(),
    loadingJobs,
    demandApi.list(),
  ]);
  return { products, sets, jobs, wanted };
}

function drawKeepingFocus(page: HTMLElement, studio: Studio): void {
  const key = (document.activeElement as HTMLElement | null)?.dataset.key;
  const scrolled = scrollY;
  draw(page, studio);
  if (key) page.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  scrollTo(0, scrolled);
}

function draw(page: HTMLElement, studio: Studio): void {
  const { products, sets } = studio;
  const start = button("New frame set", () => askForSet(products), { id: "new-set", "data-key": "new" });
  page.replaceChildren(
    make(
      "header",
      { class: "head" },
      make("div", {}, make("h1", { tabindex: -1 }, "Products"), make("p", { class: "quiet" }, legend())),
      make("div", { class: "actions" }, start),
    ),
    ...(products.length ? products.map((product) => productPanel(product, studio)) : [empty(sets.length > 0)]),
    ...(studio.wanted.length ? [wantedPanel(studio)] : []),
    ...(sets.length ? [recent(studio)] : []),
  );
}

function legend(): string {
  return "Configurations that are live, that wait to be published, and that have no spin yet.";
}

function empty(hasSets: boolean): HTMLElement {
  const words = hasSets
    ? "No spin has been encoded yet. Open a frame set below, drop its frames, and press Encode."
    : "Start with “New frame set”: name the product and its choices, then drop a folder or a zip of frames, one turn of the piece.";
  return panel(
    "There is no product yet",
    { id: "empty" },
    make("p", {}, words),
    make("p", { class: "quiet" }, "The product is made from the first frame set that is encoded."),
  );
}

function productPanel(product: Product, { sets, jobs }: Studio): HTMLElement {
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

function matrix(product: Product, rows: Option, columns: Option, cells: Cell[][]): HTMLElement {
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

function labelOf(label: string, swatch: string | null): (Node | string)[] {
  if (!swatch) return [label];
  const dot = make("span", { class: "dot", "aria-hidden": "true" });
  if (swatch.startsWith("#")) dot.style.backgroundColor = swatch;
  else dot.style.background = `center / cover url("${encodeURI(swatch)}")`;
  return [dot, label];
}

/** One configuration: its state, and a link to it or a button that starts it. */
function cellOf(product: Product, cell: Cell, label: (Node | string)[]): HTMLElement {
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

/** The configurations that visitors requested and that have no spin. */
function wantedPanel({ wanted, sets }: Studio): HTMLElement {
  const rows = wanted.slice(0, WANTED).map(({ configuration, product, choices, asked, last }) => {
    const name = pieceInWords(product, choices);
    const open = sets.find(
      (set) => set.state === "open" && set.product === product && sameChoices(set.choices, choices),
    );
    const start = open
      ? link("Continue with its frames", setHash(open.id), { "data-key": `wanted ${configuration}` })
      : button("Start a frame set", () => startSet(product, choices), {
          class: "plain small",
          "aria-label": `Start a frame set for ${name}`,
          "data-key": `wanted ${configuration}`,
        });
    return make(
      "tr",
      { "data-wanted": configuration },
      make("td", {}, name),
      make("td", {}, count(asked, "time")),
      make("td", { class: "quiet" }, make("time", { title: dateOf(last) }, agoOf(last))),
      make("td", {}, start),
    );
  });
  const heads = ["Configuration", "Requests", "Last", "Next step"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  const all = wanted.length > WANTED ? `All ${wanted.length} as a table` : "As a table";
  return panel(
    "Wanted by visitors",
    { id: "wanted" },
    make("p", { class: "quiet" }, "Visitors chose these configurations and saw the nearest one that has a spin."),
    make("div", { class: "scroll" }, table),
    make(
      "div",
      { class: "actions" },
      link(`${all} (CSV)`, DEMAND_CSV, { download: "demand.csv", "data-key": "demand" }),
    ),
  );
}

function sameChoices(one: Choices, other: Choices): boolean {
  const names = Object.keys({ ...one, ...other });
  return names.every((name) => one[name] === other[name]);
}

function recent({ sets, jobs }: Studio): HTMLElement {
  const rows = sets.slice(0, RECENT).map((set) => {
    const job = jobs.find(({ frameset }) => frameset === set.id);
    const result = job && resultLink(job);
    const kind = !job ? "open" : job.state;
    return make(
      "tr",
      { "data-set": set.id },
      make("td", {}, link(pieceInWords(set.product, set.choices), setHash(set.id), { "data-key": set.id })),
      make("td", {}, `${count(set.frames, "frame")}, ${sizeOf(set.bytes)}`),
      make("td", {}, badge(titleOf(set.state === "open" ? "open" : (job?.state ?? "committed")), kind)),
      make("td", {}, result ?? (job ? jobInWords(job) : "takes frames")),
      make(
        "td",
        { class: "quiet" },
        make("time", { title: dateOf(job?.changed ?? set.opened) }, agoOf(job?.changed ?? set.opened)),
      ),
    );
  });
  const heads = ["Frame set", "Frames", "State", "Detail", "When"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  return panel("Recent frame sets", { id: "recent" }, make("div", { class: "scroll" }, table));
}
