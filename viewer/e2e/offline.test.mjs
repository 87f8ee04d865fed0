// A shop's page with the service worker in its own, and with the plain script: the last spins work without a network.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, openShop } from "./browser.mjs";
import { painted, sequenceOf, spinState } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const dist = (name) => readFileSync(new URL(`../dist/${name}`, import.meta.url));
let browser;
let shop;

before(async () => {
  browser = await launch();
  const page = `<!doctype html><html lang="en"><title>Shop</title><script src="/girasol-spin.classic.js"></script>
    <script>navigator.serviceWorker.register("/sw.js");</script>
    <girasol-spin src="${new URL(sequenceOf("rose-gold"), base)}" width="1" height="1" alt="Ring"></girasol-spin>`;
  const files = {
    "/": ["text/html", page],
    // One line, and what a worker of any shop does to be there at once.
    "/empty": ["text/html", page.replace(/<girasol-spin.*/, "")],
    "/sw.js": [
      "text/javascript",
      `importScripts("/girasol-sw.js"); addEventListener("activate", (event) => event.waitUntil(clients.claim()));`,
    ],
    "/girasol-sw.js": ["text/javascript", dist("girasol-sw.js")],
    "/girasol-spin.classic.js": ["text/javascript", dist("girasol-spin.classic.js")],
  };
  shop = await openShop((path) => files[path], { "Cache-Control": "max-age=600" });
});
after(async () => {
  await browser?.close();
  shop?.close();
});

test("a_spin_that_was_viewed_works_without_a_network", async () => {
  const context = await browser.newContext({ viewport: { width: 800, height: 900 } });
  const page = await context.newPage();
  await page.goto(shop.url);
  await page.evaluate(() =>
    navigator.serviceWorker.ready.then(
      () =>
        navigator.serviceWorker.controller ||
        new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = resolve)),
    ),
  );
  await page.evaluate(
    () =>
      globalThis.GirasolSpin === customElements.get("girasol-spin") ||
      Promise.reject(new Error("the plain script names no class")),
  );
  // The first visit of a worker begins with the second page.
  await page.reload();
  await spinState(page, "standard");
  const cached = () => page.evaluate(async () => (await (await caches.open("girasol/1")).keys()).length);
  for (let tries = 0; (await cached()) < 3 && tries < 100; tries++) await painted(page);
  assert.ok((await cached()) >= 3, "a manifest and two packs");

  // Nothing of the page's memory nor of the browser's own cache: what comes now is the worker's.
  await page.goto(`${shop.url}empty`);
  await (await context.newCDPSession(page)).send("Network.clearBrowserCache");
  await context.setOffline(true);
  await page.evaluate(
    (src) => {
      const spin = document.createElement("girasol-spin");
      spin.setAttribute("src", src);
      spin.id = "again";
      document.body.append(spin);
    },
    new URL(sequenceOf("rose-gold"), base).href,
  );
  await spinState(page, "standard", "#again");
  await context.close();
});
