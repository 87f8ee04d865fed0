// Spins that are taken down or protected while visitors have them in their caches, and what only looks like it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { launch, openFront, openPage, openShop, until } from "./browser.mjs";
import { artist, publish } from "./publish.mjs";
import { spinState } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const dist = (name) => readFileSync(new URL(`../dist/${name}`, import.meta.url));
const PORTAL = "<!doctype html><title>Welcome to the hotel</title>";
/** What is taken down does not come back in a second run on the same server. */
const named = (name) => `${name}-${process.pid}`;
let browser;
let shop;
/** The server as visitors reach it: through, or a portal that answers in its place, or not at all. */
let front;
let line = "open";

before(async () => {
  browser = await launch();
  const files = {
    "/": [
      "text/html",
      `<!doctype html><html lang="en"><title>Shop</title><script src="/girasol-spin.classic.js"></script>`,
    ],
    "/sw.js": [
      "text/javascript",
      `importScripts("/girasol-sw.js"); addEventListener("activate", (event) => event.waitUntil(clients.claim()));`,
    ],
    "/girasol-sw.js": ["text/javascript", dist("girasol-sw.js")],
    "/girasol-spin.classic.js": ["text/javascript", dist("girasol-spin.classic.js")],
  };
  shop = await openShop((path) => files[path]);
  front = await openFront(base, (asked, answer, pass) => {
    const headers = { "Content-Type": "text/html", "Access-Control-Allow-Origin": "*" };
    if (line === "open") pass();
    else if (line === "cut") asked.socket.destroy();
    else answer.writeHead(Number(line), headers).end(PORTAL);
  });
});
beforeEach(() => void (line = "open"));
after(async () => {
  await browser?.close();
  shop?.close();
  front?.close();
});

/** A page of a shop whose worker has these spins in its cache. */
async function visit(...configurations) {
  const { page, context, close } = await openPage(browser, { viewport: { width: 800, height: 900 } });
  await page.goto(shop.url);
  await page.evaluate(async () => {
    const claimed = new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = resolve));
    await navigator.serviceWorker.register("/sw.js");
    await claimed;
  });
  for (const configuration of configurations) await show(page, configuration);
  const known = await cached(page);
  for (const configuration of configurations) assert.ok(known.some((url) => url.includes(configuration)));
  return { page, context, close };
}

/** Puts a spin on the page, beside nothing that was loaded before. */
async function put(page, configuration) {
  await page.reload();
  const src = `${front.url}/api/products/customizable/${configuration}/sequence`;
  await page.evaluate((src) => {
    document.body.innerHTML = `<girasol-spin src="${src}" width="1" height="1" alt="Ring"></girasol-spin>`;
    window.told = [];
    navigator.serviceWorker.addEventListener("message", ({ data }) => window.told.push(data));
  }, src);
  return src;
}

/** Puts a spin on the page, and waits until it is whole and in the cache. */
async function show(page, configuration) {
  const src = await put(page, configuration);
  await spinState(page, "standard");
  // What the worker stores, it stores after it has answered.
  await until(
    page,
    async (src) => {
      const urls = (await (await caches.open("girasol/1")).keys()).map(({ url }) => url);
      return urls.some((url) => url.startsWith(src)) && urls.some((url) => url.endsWith(".pack"));
    },
    src,
  );
}

const cached = (page) =>
  page.evaluate(async () => (await (await caches.open("girasol/1")).keys()).map(({ url }) => url));
const objects = (urls) => urls.filter((url) => /\/[sp]\/[0-9a-f]{32}/.test(url));

/** Looks at the spin once more: what is cached shows at once, and the worker asks the server. */
async function lookAgain(page, configuration) {
  await put(page, configuration);
  await page.waitForFunction(() => window.told.length > 0);
}

for (const [what, change, status] of [
  ["taken_down", (id) => artist("POST", `/api/sequences/${id}/take-down`, { confirm: id }), 410],
  ["protected", (id) => artist("POST", `/api/sequences/${id}/protect`), 403],
]) {
  test(`a_spin_that_is_${what}_goes_from_the_cache_and_from_the_page_that_shows_it`, async () => {
    const gone = await publish("ring.refused", { metal: named(what.replace("_", "-")) });
    const { page, close } = await visit(gone);
    await page.evaluate((still) => fetch(still), `${front.url}/still/${gone}.webp`);
    await until(page, async () =>
      (await (await caches.open("girasol/1")).keys()).some(({ url }) => url.includes("/still/")),
    );
    await change(gone);
    await lookAgain(page, gone);
    const [{ origin, ...told }] = await page.evaluate(() => window.told);
    assert.deepEqual(told, { type: "girasol.refused/1", configuration: gone, status });
    assert.equal(origin, front.url);
    await spinState(page, "error");
    assert.equal(await page.evaluate(() => document.querySelector("girasol-spin").displayedDegree), undefined);
    // What the page asks on being told is answered, and not told again.
    await page.evaluate(() => document.querySelector("girasol-spin").reload());
    await spinState(page, "error");
    assert.equal(await page.evaluate(() => window.told.length), 1);
    const left = await cached(page);
    assert.deepEqual([left.filter((url) => url.includes(gone)), objects(left)], [[], []]);
    await close();
  });
}

test("objects_of_another_spin_stay_when_one_that_shares_them_is_taken_down", async () => {
  const gone = await publish("ring.refused", { metal: named("shared") });
  const kept = await publish("ring.refused", { metal: named("kept") });
  const { page, context, close } = await visit(gone, kept);
  await artist("POST", `/api/sequences/${gone}/take-down`, { confirm: gone });
  await lookAgain(page, gone);
  const left = await cached(page);
  assert.ok(!left.some((url) => url.includes(gone)) && objects(left).length > 0, left.join("\n"));
  await (await context.newCDPSession(page)).send("Network.clearBrowserCache");
  line = "cut";
  await show(page, kept);
  await close();
});

test("a_portal_a_broken_server_and_no_network_delete_nothing", async () => {
  const kept = await publish("ring.refused", { metal: named("offline") });
  const { page, context, close } = await visit(kept);
  const session = await context.newCDPSession(page);
  const before = (await cached(page)).sort();
  for (const state of ["404", "410", "403", "200", "503", "cut"]) {
    line = state;
    await session.send("Network.clearBrowserCache");
    await show(page, kept);
    // Asked for past the cache, what is known is still better than what a portal says.
    await page.evaluate(() => document.querySelector("girasol-spin").reload());
    await spinState(page, "standard");
    assert.deepEqual((await cached(page)).sort(), before, state);
    assert.deepEqual(await page.evaluate(() => window.told), [], state);
  }
  await close();
});
