// Related pieces: a grid of spins that load when they come near the viewport.

import type { GirasolSpin } from "../element/element";
import { byId, make } from "../page";
import type { Product } from "../wire";
import { priceOf } from "./prices";
import { wordsOf } from "./shop";

/** The demo has three rings; each stands for three pieces, seen from other sides. */
const NAMES = ["Alba", "Mirto", "Linnea", "Vesper", "Solene", "Aurel", "Noemi", "Thalia", "Celeste"];
const BETWEEN = 40;

/** Draws the cards anew once there are more spins. */
export function drawRelated(product: Product): void {
  const list = document.getElementById("related-list");
  const drawn = product.spins.map(({ configId }) => configId).join();
  if (!list || list.dataset.spins === drawn) return;
  list.dataset.spins = drawn;
  byId("related").hidden = !product.spins.length;
  const cards = product.spins.length ? NAMES.map((name, index) => card(product, name, index)) : [];
  list.replaceChildren(...cards);
}

function card(product: Product, name: string, index: number): HTMLElement {
  const { sequence, choices } = product.spins[index % product.spins.length]!;
  const words = wordsOf(product, choices);
  const spin = make("girasol-spin", {
    src: sequence,
    alt: `${name}: ${words}`,
    width: 1,
    height: 1,
    tier: "preview",
    vitals: "off",
  }) as GirasolSpin;
  spin.spinTo(BETWEEN * index);
  const title = make("p", { class: "name" }, name);
  return make("li", {}, spin, title, make("p", { class: "quiet small" }, `${words}, ${priceOf(choices)}`));
}
