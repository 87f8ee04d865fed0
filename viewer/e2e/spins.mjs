// Pages of one's own against a running server: what the demo's page does not show.

import { setTimeout } from "node:timers/promises";
import { openPage } from "./browser.mjs";

const OPEN_BITMAPS = () => {
  window.decoded = { now: 0, most: 0 };
  const weights = new Map();
  const real = window.createImageBitmap;
  const shut = ImageBitmap.prototype.close;
  window.createImageBitmap = async (...args) => {
    const bitmap = await real(...args);
    weights.set(bitmap, 4 * bitmap.width * bitmap.height);
    window.decoded.now += weights.get(bitmap);
    window.decoded.most = Math.max(window.decoded.most, window.decoded.now);
    return bitmap;
  };
  ImageBitmap.prototype.close = function () {
    window.decoded.now -= weights.get(this) ?? 0;
    weights.delete(this);
    shut.call(this);
  };
};

export const METALS = ["yellow-gold", "rose-gold", "platinum"];
export const sequenceOf = (metal) => `/api/products/customizable/ring.solitaire.metal-${metal}.stone-diamond/sequence`;

/** The manifest of a ring, once all of its tiers are there: the demo may have just begun to encode them. */
export async function wholeManifest(base, metal, query = "") {
  for (const end = Date.now() + 300_000; ; await setTimeout(200)) {
    const manifest = await (await fetch(new URL(sequenceOf(metal) + query, base))).json();
    if (manifest.tiers?.hd) return manifest;
    if (Date.now() > end) throw new Error(`${metal} has no hd: ${JSON.stringify(manifest).slice(0, 300)}`);
  }
}

/** Opens a page of the server's origin with a body of one's own. `page.evaluate(() => decoded)` says what is decoded. */
export async function openBody(browser, base, body, options = {}, prepare = async () => {}) {
  const { context, page, errors, close } = await openPage(browser, {
    viewport: { width: 800, height: 900 },
    ...options,
  });
  await page.addInitScript(OPEN_BITMAPS);
  // What visits report is the subject of one test, and not of any server's here.
  await page.route("**/api/vitals", (route) => route.fulfill({ status: 204 }));
  await prepare(page, context);
  const html = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Rings</title><script type="module" src="/girasol-spin.js"></script><style>body { margin: 0 }</style>${body}`;
  await page.route("**/of-my-own*", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(new URL(`/of-my-own${options.hash ?? ""}`, base).href);
  return { page, errors, close };
}

export const spinState = (page, state, selector = "girasol-spin") =>
  page.locator(`${selector}[data-state="${state}"]`).first().waitFor({ timeout: 30_000 });

/**
 * Does what changes the piece, and waits until a frame of the other one is painted. `configuration` already names the other
 * one as soon as its manifest is there, while the canvas still shows the first.
 */
export async function switched(page, change) {
  await page.evaluate(() => {
    const spin = document.querySelector("girasol-spin");
    window.switched = new Promise((resolve) => spin.addEventListener("switch", () => resolve(), { once: true }));
  });
  await change();
  await page.evaluate(() => window.switched);
}

export const switchMetal = (page, metal) =>
  switched(page, () =>
    page.evaluate((metal) => document.querySelector("girasol-spin").setAttribute("metal", metal), metal),
  );

/** Two refreshes of the screen: what was decided before is painted. */
export const painted = (page) =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** In the page: what stands on the canvas, 48 by 48 in RGB over white. */
export function look(selector = "girasol-spin") {
  const canvas = document.querySelector(selector).shadowRoot.querySelector("canvas");
  const small = document.createElement("canvas");
  small.width = small.height = 48;
  const context = small.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 48, 48);
  context.drawImage(canvas, 0, 0, 48, 48);
  return [...context.getImageData(0, 0, 48, 48).data];
}

export const pixelsOf = (page) => page.evaluate(look);

/** Mean difference of two pictures, in values of 255. */
export const apart = (one, other) =>
  one.reduce((sum, value, index) => sum + Math.abs(value - other[index]), 0) / one.length;
