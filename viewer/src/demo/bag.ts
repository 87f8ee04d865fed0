// The bag: what a demo can do of a checkout. It lasts as long as the tab does.

import { byId, count, make } from "../page";
import { inWords } from "./prices";

/** One piece in the bag. */
export interface Item {
  configId: string;
  name: string;
  /** The choices: "Rose Gold, Diamond". */
  words: string;
  euros: number;
  pieces: number;
}

const KEY = "girasol.bag";
let items: Item[] = load();

/** Adds one piece; returns how many the bag holds. */
export function addToBag(item: Omit<Item, "pieces">): number {
  const held = items.find(({ configId }) => configId === item.configId);
  if (held) held.pieces++;
  else items.push({ ...item, pieces: 1 });
  keep();
  return size();
}

/** Connects the button in the head of the page with the panel. */
export function listenBag(): void {
  const panel = byId<HTMLDialogElement>("bag");
  byId("bag-open").addEventListener("click", () => openBag());
  byId("bag-close").addEventListener("click", () => panel.close());
  // The panel's own content covers it: what is clicked beside that is the backdrop.
  panel.addEventListener("click", (event) => event.target === panel && panel.close());
  draw();
}

export function openBag(): void {
  byId<HTMLDialogElement>("bag").showModal();
}

const size = () => items.reduce((sum, { pieces }) => sum + pieces, 0);

function draw(): void {
  byId("bag-count").textContent = String(size());
  byId("bag-open").setAttribute("aria-label", `Bag, ${count(size(), "piece")}`);
  byId("bag-empty").hidden = items.length > 0;
  byId("bag-list").replaceChildren(...items.map(row));
  byId("bag-total").textContent = inWords(items.reduce((sum, { euros, pieces }) => sum + euros * pieces, 0));
}

function row(item: Item): HTMLElement {
  const { configId, name, words, euros, pieces } = item;
  const still = make("img", { src: `/still/${configId}.webp`, alt: "", width: 72, height: 72 });
  const label = `Remove ${name}, ${words}`;
  const remove = make("button", { type: "button", class: "remove", "aria-label": label }, "Remove");
  remove.addEventListener("click", () => {
    items = items.filter((other) => other !== item);
    keep();
    // The button is gone: the focus goes to what is left of the panel.
    byId("bag-close").focus();
  });
  const what = make("div", {}, make("p", {}, name), make("p", { class: "quiet small" }, words), remove);
  const sum = pieces > 1 ? `${pieces} × ${inWords(euros)}` : inWords(euros);
  return make("li", {}, still, what, make("p", { class: "sum" }, sum));
}

function keep(): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(items));
  } catch {
    // Without storage the bag lasts as long as the page.
  }
  draw();
}

function load(): Item[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}
