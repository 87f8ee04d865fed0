// The demo as a shop: what is there without scripts, the grid of related pieces, prices, zoom, and the findings of axe.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { spinState } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESK = { viewport: { width: 1280, height: 900 } };
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

async function open(options = DESK) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(base);
  return { page, close: () => context.close() };
}

test("without_scripts_there_is_a_picture_and_words_for_who_links_to_it", async () => {
  const { page, close } = await open({ ...DESK, javaScriptEnabled: false });
  const picture = page.locator("#spin > img");
  assert.deepEqual(await picture.evaluate(({ alt, complete, naturalWidth }) => [alt, complete && naturalWidth > 0]), [
    "Pavé Solitaire",
    true,
  ]);
  const image = await page.getAttribute('meta[property="og:image"]', "content");
  // Link previews may support no newer format than JPEG.
  assert.equal(image, new URL((await picture.getAttribute("src")).replace(/webp$/, "jpg"), base).href);
  const data = JSON.parse(await page.textContent('script[type="application/ld+json"]'));
  assert.deepEqual([data["@type"], data.name, data.image.contentUrl], ["Product", "Pavé Solitaire", image]);
  await close();
});

test("nine_related_pieces_load_when_they_are_scrolled_to", async () => {
  const { page, close } = await open({ viewport: { width: 390, height: 500 } });
  await spinState(page, "standard", "#spin");
  const loaded = () => page.locator('#related girasol-spin[data-state="preview"]').count();
  assert.equal(await page.locator("#related girasol-spin").count(), 9);
  assert.equal(await loaded(), 0);
  await page.locator("#related li").last().scrollIntoViewIfNeeded();
  await page.locator('#related li:last-child girasol-spin[data-state="preview"]').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  await close();
});

test("a_metal_has_its_price_and_a_stone_without_a_spin_says_what_is_shown", async () => {
  const { page, close } = await open();
  await spinState(page, "standard", "#spin");
  assert.equal(await page.textContent("#price"), "€2,450");
  await page.locator("#metal-platinum").check();
  assert.equal(await page.textContent("#price"), "€2,980");
  await page.locator("#stone-ruby").check();
  await page.locator("#note", { hasText: "There is no spin of Platinum, Ruby yet" }).waitFor();
  assert.match(await page.textContent("#note"), /the nearest: Platinum, Diamond/);
  await close();
});

test("buttons_zoom_and_fill_the_screen", async () => {
  const { page, close } = await open();
  await spinState(page, "standard", "#spin");
  const scale = () =>
    page.evaluate(() =>
      getComputedStyle(document.querySelector("#spin").shadowRoot.querySelector("[part=frame]")).getPropertyValue(
        "--girasol-zoom",
      ),
    );
  await page.locator("#larger").focus();
  await page.keyboard.press("Enter");
  assert.equal(await scale(), "1.5");
  await page.locator("#smaller").click();
  assert.equal(await scale(), "1");
  await page.locator("#full").click();
  assert.equal(await page.locator("#spin").getAttribute("data-full"), "");
  await close();
});

test("axe_finds_nothing_on_the_shop_s_page", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page, close } = await open({ ...DESK, colorScheme });
    await spinState(page, "standard", "#spin");
    await page.evaluate(() => (document.querySelector("#inside").open = true));
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${colorScheme}: ${id} ${nodes.map(({ html }) => html)}`),
      [],
    );
    await close();
  }
});
