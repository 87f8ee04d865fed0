// The overview: products with their coverage, wanted configurations, and the latest frame sets.

import type { Frameset, Job, ListedProduct, Wanted } from "../api";
import { make } from "../page";
import { demand as demandApi, jobs as jobsApi, products as productsApi, sets as setsApi } from "./api";
import { askForSet } from "./new-set";
import { recentPanel, wantedPanel } from "./overview-lists";
import { productPanel } from "./product-panel";
import { needsAll, pauseMs } from "./refresh";
import { button, panel, pause } from "./widgets";

interface Studio {
  products: ListedProduct[];
  sets: Frameset[];
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
    ...(products.length
      ? products.map((product) => productPanel(product, studio.sets, studio.jobs))
      : [empty(sets.length > 0)]),
    ...(studio.wanted.length ? [wantedPanel(studio.wanted, sets)] : []),
    ...(sets.length ? [recentPanel(sets, studio.jobs)] : []),
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
