// The demo page: one ring, its metals, and what happens behind it.

import { readAddress, writeAddress } from "./demo/address";
import { addToBag, listenBag, openBag } from "./demo/bag";
import { clearArrivals, drawArrival, drawHints, drawSelected, drawTiers } from "./demo/panels";
import { inWords, priceOf } from "./demo/prices";
import { drawPictures, drawPlaces, drawRelated, listenPrint } from "./demo/related";
import { configure, loadDigest, loadHints, loadProduct, loadStatus, spinOf, wordsOf } from "./demo/shop";
import { drawSwatches } from "./demo/swatches";
import type { GirasolSpin, SpinEvents } from "./element/element";
import { byId, make } from "./page";
import { planStages, progressOf } from "./rules/stages";
import type { Choices, ConfigurationStatus, Manifest, Product, ProductSpin } from "./wire";

/** The configuration that `girasol demo` encodes first; its status is requested while there is no product yet. */
const FIRST_CONFIGURATION = "ring.solitaire.metal-yellow-gold.stone-diamond";
const WATCH_MS = 1000;
const GLANCE_MS = 5000;

const PROMISE = byId("note").textContent;

const spin = byId<GirasolSpin>("spin");
const tierSelect = byId<HTMLSelectElement>("tier");
const formatSelect = byId<HTMLSelectElement>("format");
const address = readAddress();

let product: Product | undefined;
/** The chosen configuration, and the spin that is to be shown: its own, or the nearest. */
let wanted = FIRST_CONFIGURATION;
let shown: ProductSpin | undefined;
/** The spin that stands on the page, which title, price and bag are about. */
let pictured: ProductSpin | undefined;
let shownDigest: string | undefined;
let manifest: Manifest | undefined;
let startedAt = 0;
let watching = 0;

/** Loads the product and shows the choices in the address. */
async function start(): Promise<void> {
  sayWaiting();
  try {
    product = await loadProduct();
    if (product) await choose({ ...product.default.choices, ...known(product, address.choices) });
  } catch {
    return sayUnreachable();
  }
  void watch();
}

/** Shows a configuration, or the nearest that has a spin and says so. */
async function choose(choices: Choices): Promise<void> {
  if (!product) return;
  address.choices = choices;
  writeAddress(address);
  draw(product);
  const own = spinOf(product, choices);
  if (own) {
    wanted = own.configId;
    say("");
    return show(own);
  }
  const answer = await configure(product, choices);
  // The visitor may have picked another one meanwhile.
  if (choices !== address.choices) return;
  wanted = answer.configId;
  const missing = capital(missingOf(product, choices, answer.nearest?.choices));
  if (answer.sequence) {
    say("");
    show({ configId: answer.configId, choices, sequence: answer.sequence });
  } else if (answer.nearest) {
    const nearest = wordsOf(product, answer.nearest.choices);
    say(`${missing} cannot be shown yet; your wish is noted. Until then you see ${nearest}, at its price.`);
    show(answer.nearest);
  } else {
    say(`${missing} is being made ready, and appears here by itself.`);
    void watch();
  }
}

/** What there is no picture of yet: the choices that the nearest ring does not have, or all of them. */
function missingOf(current: Product, choices: Choices, nearest?: Choices): string {
  const other = current.options.filter(({ name }) => choices[name] !== nearest?.[name]);
  return wordsOf({ ...current, options: other.length ? other : current.options }, choices);
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

function show(next: ProductSpin): void {
  byId("waiting").hidden = true;
  document.body.classList.remove("nothing");
  spin.hidden = false;
  if (next.configId === shown?.configId) return;
  shown = next;
  shownDigest = undefined;
  startedAt = performance.now();
  if (!pictured) bring(next);
  // Until the other ring is painted, title and price are those of the one that is seen.
  byId("title").setAttribute("aria-busy", String(pictured?.configId !== next.configId));
  spin.setAttribute("src", next.sequence);
}

/** The first ring: the page's own picture becomes its, before it is seen, and nothing contradicts title and price. */
function bring(first: ProductSpin): void {
  const picture = spin.querySelector("img");
  const still = `/still/${first.configId}.webp`;
  const seen = () => document.documentElement.classList.remove("linked");
  if (picture && picture.getAttribute("src") !== still) {
    picture.addEventListener("load", seen, { once: true });
    picture.src = still;
  } else seen();
  spin.addEventListener("ready", seen, { once: true });
  drawPictured(first);
}

/** Title, price and bag follow what stands on the page. */
function drawPictured(seen: ProductSpin): void {
  pictured = seen;
  const words = wordsOf(product!, seen.choices);
  const euros = priceOf(seen.choices);
  byId("title").removeAttribute("aria-busy");
  byId("chosen").textContent = words;
  byId("price").textContent = euros ? inWords(euros) : "Price on request";
  byId<HTMLButtonElement>("add").disabled = !euros;
  spin.setAttribute("alt", `${product!.label}: ${words}. Turn with the arrow keys.`);
  draw(product!);
}

/** Follows the server while it encodes, and glances at it afterwards while a choice lacks its spin. */
async function watch(): Promise<void> {
  const turn = ++watching;
  let wasProcessing = false;
  for (;;) {
    let pause = WATCH_MS;
    try {
      const status = await loadStatus(wanted);
      const processing = status?.status === "processing";
      const fresh = await loadProduct();
      if (turn !== watching) return;
      if (fresh && JSON.stringify(fresh) !== JSON.stringify(product)) await renew(fresh);
      if (shown && (processing || wasProcessing)) await refresh(shown);
      if (shown && processing && shown.configId === wanted) say(`A fuller version is on its way: ${stageOf(status)}.`);
      else if (wasProcessing && shown?.configId === wanted) say("");
      if (!shown) sayWaiting(status);
      else if (!processing) pause = GLANCE_MS;
      wasProcessing = processing;
      if (shown && !processing && product && complete(product)) return;
    } catch {
      if (!shown) return sayUnreachable();
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    // A hidden page requests nothing.
    if (document.hidden) await new Promise((resolve) => addEventListener("visibilitychange", resolve, { once: true }));
    if (turn !== watching) return;
  }
}

/** Takes a product that has changed: more spins, most often. */
async function renew(fresh: Product): Promise<void> {
  const first = !product;
  product = fresh;
  const choices = first ? { ...fresh.default.choices, ...known(fresh, address.choices) } : address.choices;
  if (!shown || spinOf(fresh, choices)) await choose(choices);
  else draw(fresh);
}

/** Reloads softly when another version has become live. */
async function refresh({ sequence }: ProductSpin): Promise<void> {
  const digest = await loadDigest(sequence);
  if (!digest || digest === shownDigest) return;
  shownDigest = digest;
  startedAt = performance.now();
  await spin.reload();
}

function draw(current: Product): void {
  byId("label").textContent = current.label;
  spin.hotspots = current.hotspots ?? [];
  drawRelated(current);
  if (manifest) drawPictures(manifest);
  // What goes into the bag is what is seen.
  const isOther = pictured && spinOf(current, address.choices)?.configId !== pictured.configId;
  byId("add").textContent = isOther ? `Add ${wordsOf(current, pictured!.choices)} to bag` : "Add to bag";
  drawSwatches(current, address.choices, shown?.choices ?? address.choices, {
    onHover: (choices) => void spin.warm(choices),
    onPick,
  });
}

function onPick(choices: Choices): void {
  byId("added").replaceChildren();
  void choose(choices).catch(sayFailed);
}

function add(): void {
  if (!product || !pictured) return;
  const { configId, choices } = pictured;
  const words = wordsOf(product, choices);
  addToBag({ configId, name: product.label, words, euros: priceOf(choices) ?? 0 });
  const open = make("button", { type: "button", class: "link" }, "See your bag");
  open.addEventListener("click", openBag);
  byId("added").replaceChildren(`${words}: it is in your bag. `, open);
}

/** Choices of the address that the product still has. */
function known(current: Product, choices: Choices): Choices {
  const have = current.options.filter(({ name, choices: all }) => all.some(({ value }) => value === choices[name]));
  return Object.fromEntries(have.map(({ name }) => [name, choices[name]!]));
}

function complete(current: Product): boolean {
  const count = current.options.reduce((product, option) => product * option.choices.length, 1);
  return current.spins.length >= count;
}

function force(): void {
  const [, tier = "", frames = ""] = /^([a-z]*)-?(\d*)$/.exec(tierSelect.value) ?? [];
  for (const [name, value] of Object.entries({ tier, frames, format: formatSelect.value })) {
    if (value) spin.setAttribute(name, value);
    else spin.removeAttribute(name);
  }
  startedAt = performance.now();
}

/** Says something in the place of the promise that stands there else. */
function say(text: string): void {
  const words = text || PROMISE;
  if (byId("note").textContent !== words) byId("note").textContent = words;
}

function sayFailed(): void {
  say("The server did not answer. Please try again.");
}

function sayWaiting(status?: ConfigurationStatus): void {
  const processing = status?.status === "processing";
  const idle = status && !processing;
  // The server may have brought a picture already: that is better than words, until there is more to say.
  const pictured = !status && !!spin.querySelector("img");
  byId("waiting").hidden = pictured;
  // Before the first answer the page keeps its shape; most often the ring comes at once.
  document.body.classList.toggle("nothing", !!status);
  spin.hidden = !pictured;
  byId("retry").hidden = true;
  const bar = byId<HTMLProgressElement>("waiting-progress");
  bar.hidden = !!idle;
  if (processing && status.total) bar.value = (status.done ?? 0) / status.total;
  else bar.removeAttribute("value");
  byId("waiting-title").textContent = processing
    ? "The ring is being encoded"
    : idle
      ? "There is no spin yet"
      : "One moment";
  byId("waiting-detail").textContent = processing
    ? stageOf(status)
    : idle
      ? "It appears here as soon as it is ingested."
      : "";
}

function sayUnreachable(): void {
  sayWaiting({ status: "unavailable" });
  byId("waiting-title").textContent = "The server cannot be reached";
  byId("waiting-detail").textContent = "Is it running?";
  byId("retry").hidden = false;
}

function stageOf(status?: ConfigurationStatus): string {
  const { stage = "waiting for a worker", done, total } = status ?? {};
  return total ? `${stage}, ${done ?? 0} of ${total}` : stage;
}

spin.addEventListener("manifest", (event) => {
  manifest = (event as SpinEvents["manifest"]).detail;
  shownDigest = manifest.digest;
  clearArrivals();
  drawSelected(manifest);
  drawTiers(manifest);
  drawAngle();
  drawPictures(manifest);
  const sequence = spin.getAttribute("src") ?? "";
  const { selected } = manifest;
  const choice = {
    tier: spin.getAttribute("tier"),
    frames: spin.getAttribute("frames"),
    format: selected?.format ?? null,
  };
  loadHints(sequence, choice).then(drawHints, () => drawHints([]));
});

spin.addEventListener("switch", (event) => {
  const { configuration } = (event as SpinEvents["switch"]).detail;
  const seen = [shown, ...(product?.spins ?? [])].find((one) => one?.configId === configuration);
  if (seen) drawPictured(seen);
});

spin.addEventListener("error", () => byId("title").removeAttribute("aria-busy"));

spin.addEventListener("progress", (event) => {
  const { tier, frames } = (event as Event as SpinEvents["progress"]).detail;
  const stage = manifest?.selected && planStages(manifest, manifest.selected).find((stage) => stage.tier === tier);
  if (stage)
    drawArrival(
      tier,
      progressOf(stage, (degree) => frames.includes(degree)),
      performance.now() - startedAt,
    );
});

spin.addEventListener("anglechange", () => {
  address.angle = spin.angle;
  writeAddress(address);
  drawAngle();
});

function drawAngle(): void {
  byId("angle").textContent = `${Math.round(spin.angle) % 360}°`;
}

for (const select of [tierSelect, formatSelect]) {
  select.addEventListener("change", () => {
    address.tier = tierSelect.value;
    address.format = formatSelect.value;
    writeAddress(address);
    force();
  });
}

// Back, or another link to this page.
addEventListener("hashchange", () => {
  const { choices, angle } = readAddress();
  if (angle !== undefined) spin.spinTo(angle);
  if (product) onPick({ ...product.default.choices, ...known(product, choices) });
});

byId("retry").addEventListener("click", () => void start());

tierSelect.value = address.tier;
formatSelect.value = address.format;
// A value that is no option leaves a select with none.
if (tierSelect.selectedIndex < 0) tierSelect.value = "";
if (formatSelect.selectedIndex < 0) formatSelect.value = "";
byId("add").addEventListener("click", add);
listenBag();
listenPrint();
drawPlaces();
// What lies below is shown once that has its height.
byId("inside").hidden = false;
void customElements.whenDefined("girasol-spin").then(() => {
  force();
  if (address.angle !== undefined) spin.spinTo(address.angle);
  void start();
});
