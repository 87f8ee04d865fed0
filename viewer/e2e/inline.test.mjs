// The lines that put a spin on a page: the first pack is requested beside the script, the manifest that stands in the page shows
// the spin, and the server's, which is requested behind it, has the last word.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { launch, openFront, openPage, openShop, until } from "./browser.mjs";
import { sequenceOf, spinState, wholeManifest } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const METAL = "rose-gold";
let browser;
/** A shop of another origin, and what it shows. */
let shop;
let body = "";
/** The server as the shop's visitors reach it, and what they request. */
let front;
let requested = [];
/** Answers of its own: a status for addresses that begin so. */
let refused = {};

before(async () => {
  browser = await launch();
  front = await openFront(base, (asked, answer, pass) => {
    requested.push(asked.url);
    const status = Object.entries(refused).find(([path]) => asked.url.startsWith(path))?.[1];
    if (status) answer.writeHead(status, { "Access-Control-Allow-Origin": "*" }).end();
    else pass();
  });
  shop = await openShop(() => ["text/html", `<!doctype html><html lang="en"><title>Shop</title>${body}`]);
});
afterEach(() => {
  [requested, refused] = [[], {}];
});
after(async () => {
  await browser?.close();
  front?.close();
  shop?.close();
});

/** The server's lines, with addresses that the test listens at. */
async function snippet(change = (manifest) => manifest) {
  await wholeManifest(base, METAL);
  const response = await fetch(new URL(sequenceOf(METAL).replace(/sequence$/, "snippet"), base));
  const text = (await response.text()).replaceAll(base.replace(/\/$/, ""), front.url.replace(/\/$/, ""));
  return text.replace(/(slot="manifest">)(.*?)(<\/script>)/s, (_, before, json, after) => {
    const changed = change(JSON.parse(json));
    return before + (typeof changed === "string" ? changed : JSON.stringify(changed)) + after;
  });
}

/** Opens the shop's page; what the spin says is in `said`. */
async function visit(html) {
  body = html;
  const opened = await openPage(browser, { viewport: { width: 800, height: 900 } });
  await opened.page.addInitScript(() => {
    window.said = [];
    for (const name of ["manifest", "ready", "tierchange", "error"])
      addEventListener(
        name,
        ({ detail }) => window.said.push([name, detail?.digest ?? detail?.status ?? detail?.tier]),
        true,
      );
  });
  await opened.page.goto(shop.url);
  return opened;
}

const asked = (part) => requested.filter((url) => url.includes(part));
const digestOf = (page) => page.evaluate(() => document.querySelector("girasol-spin").configuration);
const packOf = (html) => new URL(/rel="preload" as="fetch" href="([^"]+)"/.exec(html)[1]).pathname;

test("the_first_pack_comes_beside_the_script_and_the_manifest_behind_the_spin", async () => {
  const html = await snippet();
  const { page, errors, close } = await visit(html);
  await spinState(page, "standard");
  await until(page, () => window.said.some(([name]) => name === "tierchange"));
  for (const end = Date.now() + 10_000; !asked("/sequence").length && Date.now() < end; ) await setTimeout(20);
  const pack = packOf(html);
  assert.equal(asked(pack).length, 1, "the preload is what the viewer takes");
  assert.equal(asked("/girasol-spin.js").length, 1);
  assert.equal(asked("/sequence").length, 1);
  const order = [pack, "/sequence"].map((part) => requested.findIndex((url) => url.includes(part)));
  assert.ok(order[0] < order[1], `${requested}`);
  assert.ok(requested.findIndex((url) => /\.pack$/.test(url) && url !== pack) < order[1], "every pack comes before");
  assert.equal(await digestOf(page), `ring.solitaire.metal-${METAL}.stone-diamond`);
  // The server says the same, and nothing is shown anew.
  await setTimeout(300);
  const said = await page.evaluate(() => window.said.map(([name]) => name));
  assert.equal(said.filter((name) => name === "ready").length, 1, `${said}`);
  assert.deepEqual(errors, []);
  // A choice finds its siblings, which the page's manifest does not have.
  await page.evaluate(() => {
    const spin = document.querySelector("girasol-spin");
    window.switched = new Promise((resolve) =>
      spin.addEventListener("switch", ({ detail }) => resolve(detail.configuration)),
    );
    spin.setAttribute("metal", "platinum");
  });
  assert.equal(await page.evaluate(() => window.switched), "ring.solitaire.metal-platinum.stone-diamond");
  await close();
});

test("a_page_that_is_older_than_the_live_version_shows_that_in_the_end", async () => {
  const old = "0".repeat(32);
  const html = await snippet((manifest) => ({ ...manifest, digest: old, hero: (manifest.hero + 30) % 360 }));
  const { page, close } = await visit(html);
  const { digest } = await wholeManifest(base, METAL);
  await until(page, (digest) => window.said.some(([name, said]) => name === "manifest" && said === digest), digest);
  await spinState(page, "standard");
  const manifests = await page.evaluate(() => window.said.filter(([name]) => name === "manifest"));
  assert.equal(manifests[0][1], old, "what stood in the page came first");
  assert.equal(asked("/sequence").length, 2, "once to compare, and once past caches");
  await close();
});

test("where_the_page_names_what_is_gone_the_live_version_is_loaded", async () => {
  const gone = (manifest) => {
    for (const { formats } of Object.values(manifest.tiers))
      for (const rendition of Object.values(formats)) {
        rendition.set = "f".repeat(32);
        delete rendition.bare;
        for (const pack of rendition.packs) pack.pack = "f".repeat(32);
      }
    return manifest;
  };
  const { page, close } = await visit(await snippet(gone));
  await spinState(page, "standard");
  assert.ok(asked(`/p/${"f".repeat(32)}`).length > 0);
  await close();
});

for (const [name, change] of [
  ["broken_data", () => "{"],
  ["data_of_another_piece", (manifest) => ({ ...manifest, configuration: "ring.other.metal-tin" })],
  ["data_of_another_schema", (manifest) => ({ ...manifest, schema: "girasol.manifest/2" })],
]) {
  test(`${name}_in_the_page_is_left_alone`, async () => {
    const { page, errors, close } = await visit(await snippet(change));
    await spinState(page, "standard");
    assert.equal(asked("/sequence").length, 1);
    assert.deepEqual(errors, []);
    await close();
  });
}

test("what_was_taken_down_is_not_shown_from_a_page_for_longer_than_until_the_server_says_so", async () => {
  refused = { "/api/products": 410 };
  const { page, close } = await visit(await snippet());
  await spinState(page, "error");
  const { width } = await page.evaluate(() => {
    const canvas = document.querySelector("girasol-spin").shadowRoot.querySelector("canvas");
    return { width: canvas.getBoundingClientRect().width };
  });
  assert.equal(width, 0, "nothing stands there any more");
  await close();
});

test("what_was_taken_down_goes_from_the_browser_s_caches_too", async () => {
  const { page, close } = await visit(await snippet());
  await spinState(page, "standard");
  for (const end = Date.now() + 10_000; !asked("/sequence").length && Date.now() < end; ) await setTimeout(20);
  refused = { "/api/products": 410, "/p/": 410, "/s/": 410 };
  await page.reload();
  await spinState(page, "error");
  for (const end = Date.now() + 10_000; asked("/p/").length < 3 && Date.now() < end; ) await setTimeout(20);
  await setTimeout(300);
  await page.reload();
  await spinState(page, "error");
  const said = await page.evaluate(() => window.said.map(([name]) => name));
  assert.ok(!said.includes("ready"), `${said}`);
  await close();
});

test("while_the_server_cannot_be_reached_the_spin_of_the_page_stays", async () => {
  refused = { "/api/products": 503 };
  const { page, close } = await visit(await snippet());
  await spinState(page, "standard");
  await setTimeout(1500);
  assert.ok(asked("/sequence").length > 0);
  await spinState(page, "standard");
  await close();
});
