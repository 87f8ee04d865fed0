// Related pieces: a grid of spins that load when they come near the viewport.

import type { GirasolSpin } from "../element/element";
import { byId, make } from "../page";
import type { Manifest, Product, ProductSpin } from "../wire";
import { inWords, priceOf } from "./prices";
import { wordsOf } from "./shop";

/** The demo has three rings; each stands for three pieces, seen from other sides. */
const NAMES = ["Alba", "Mirto", "Linnea", "Vesper", "Solene", "Aurel", "Noemi", "Thalia", "Celeste"];
const BETWEEN = 30;

/** Draws the places of the cards, so that nothing moves when they are filled. */
export function drawPlaces(): void {
  byId("related-list").replaceChildren(...NAMES.map((name) => cardOf(name, "", "", make("div", { class: "place" }))));
}

/** Fills the cards, and anew once there are more spins. */
export function drawRelated(product: Product): void {
  const list = document.getElementById("related-list");
  const { spins } = product;
  const drawn = spins.map(({ configId }) => configId).join();
  if (!list || !spins.length || list.dataset.spins === drawn) return;
  list.dataset.spins = drawn;
  list.replaceChildren(...NAMES.map((name, index) => card(product, name, index)));
}

/**
 * Puts each piece's picture, as it is turned, into its spin: for paper, and until the spin has come. `manifest` knows the
 * sets of all rings that differ in one choice.
 */
export function drawPictures({ configuration, tiers, siblings = [], urls }: Manifest): void {
  const own = (tiers.standard ?? tiers.preview)?.formats.webp?.set;
  for (const spin of document.querySelectorAll<GirasolSpin>("#related girasol-spin")) {
    const { configId } = spin.dataset;
    const set = configId === configuration ? own : siblings.find((one) => one.configuration === configId)?.sets.webp;
    if (!set || spin.querySelector("img")) continue;
    const degree = String(spin.angle).padStart(3, "0");
    const src = urls.frame.replace("{set}", set).replace("{degree}", degree).replace("{format}", "webp");
    spin.append(make("img", { src, alt: spin.getAttribute("alt") ?? "", width: 1, height: 1, loading: "lazy" }));
  }
}

/** Paper shows what no visitor has scrolled to. */
export function listenPrint(): void {
  const load = () => {
    for (const image of document.querySelectorAll<HTMLImageElement>("#related img")) image.loading = "eager";
  };
  matchMedia("print").addEventListener("change", load);
  addEventListener("beforeprint", load);
}

function card(product: Product, name: string, index: number): HTMLElement {
  const { sequence, configId, choices } = product.spins[index % product.spins.length] as ProductSpin;
  const words = wordsOf(product, choices);
  const spin = make("girasol-spin", {
    src: sequence,
    alt: `${name}: ${words}`,
    width: 1,
    height: 1,
    tier: "preview",
    vitals: "off",
    "data-config-id": configId,
  }) as GirasolSpin;
  spin.spinTo(BETWEEN * index);
  const euros = priceOf(choices);
  return cardOf(name, words, euros ? inWords(euros) : "", spin);
}

/** Lines that say nothing yet keep their place. */
function cardOf(name: string, words: string, cost: string, picture: HTMLElement): HTMLElement {
  return make(
    "li",
    {},
    picture,
    make("p", { class: "name" }, name),
    make("p", { class: "quiet small" }, words || "\u00a0"),
    make("p", { class: "cost small" }, cost || "\u00a0"),
  );
}
