// The demo page: one ring, its metals, and what happens behind it.

import { readAddress, writeAddress } from "./demo/address";
import { clearArrivals, drawArrival, drawHints, drawSelected, drawTiers } from "./demo/panels";
import { priceOf } from "./demo/prices";
import { drawRelated } from "./demo/related";
import { configure, loadDigest, loadHints, loadProduct, loadStatus, spinOf, wordsOf } from "./demo/shop";
import { drawSwatches } from "./demo/swatches";
import type { GirasolSpin, SpinEvents } from "./element/element";
import { byId } from "./page";
import { planStages, progressOf } from "./rules/stages";
import type { Choices, ConfigurationStatus, Manifest, Product, ProductSpin } from "./wire";

/** The configuration that `girasol demo` encodes first; its status is requested while there is no product yet. */
const FIRST_CONFIGURATION = "ring.solitaire.metal-yellow-gold.stone-diamond";
const WATCH_MS = 1000;
const GLANCE_MS = 5000;

const spin = byId<GirasolSpin>("spin");
const tierSelect = byId<HTMLSelectElement>("tier");
const formatSelect = byId<HTMLSelectElement>("format");
const address = readAddress();

let product: Product | undefined;
/** The chosen configuration, and the spin that is shown: its own, or the nearest. */
let wanted = FIRST_CONFIGURATION;
let shown: ProductSpin | undefined;
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
  const words = wordsOf(product, choices);
  if (answer.sequence) {
    say("");
    show({ configId: answer.configId, choices, sequence: answer.sequence });
  } else if (answer.nearest) {
    const nearest = wordsOf(product, answer.nearest.choices);
    say(`There is no spin of ${words} yet; the request is noted. Meanwhile, the nearest: ${nearest}.`);
    show(answer.nearest);
  } else {
    say(`${words} is being encoded, and appears here by itself.`);
    void watch();
  }
}

function show(next: ProductSpin): void {
  byId("waiting").hidden = true;
  document.body.classList.remove("nothing");
  spin.hidden = false;
  byId("chosen").textContent = wordsOf(product!, next.choices);
  spin.setAttribute("alt", `${product!.label}: ${wordsOf(product!, next.choices)}. Turn with the arrow keys.`);
  if (next.configId === shown?.configId) return;
  shown = next;
  shownDigest = undefined;
  startedAt = performance.now();
  spin.setAttribute("src", next.sequence);
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
  byId("price").textContent = priceOf(address.choices);
  spin.hotspots = current.hotspots ?? [];
  drawRelated(current);
  const warm = (choices: Choices) => void spin.warm(choices);
  drawSwatches(current, address.choices, warm, (choices) => void choose(choices).catch(sayFailed));
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

function say(text: string): void {
  byId("note").textContent = text;
  byId("note").hidden = !text;
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
  const sequence = spin.getAttribute("src") ?? "";
  const { selected } = manifest;
  const choice = {
    tier: spin.getAttribute("tier"),
    frames: spin.getAttribute("frames"),
    format: selected?.format ?? null,
  };
  loadHints(sequence, choice).then(drawHints, () => drawHints([]));
});

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

/** Zooms as the key does, for visitors without a keyboard. */
function press(key: string): void {
  spin.shadowRoot?.querySelector("[part=stage]")?.dispatchEvent(new KeyboardEvent("keydown", { key }));
}

byId("larger").addEventListener("click", () => press("+"));
byId("smaller").addEventListener("click", () => press("-"));
byId("full").addEventListener("click", () => void spin.toggleFullscreen());
byId("retry").addEventListener("click", () => void start());

tierSelect.value = address.tier;
formatSelect.value = address.format;
// A value that is no option leaves a select with none.
if (tierSelect.selectedIndex < 0) tierSelect.value = "";
if (formatSelect.selectedIndex < 0) formatSelect.value = "";
void customElements.whenDefined("girasol-spin").then(() => {
  force();
  if (address.angle !== undefined) spin.spinTo(address.angle);
  void start();
});
