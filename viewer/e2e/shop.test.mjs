// The demo as a shop: what is there without scripts, the grid of related pieces, prices, zoom, and the findings of axe.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { painted, spinState } from "./spins.mjs";

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

/** What the page says of the piece that it shows. */
const told = (page) =>
  page.evaluate(() => ["chosen", "price", "add"].map((id) => document.getElementById(id).textContent));

test("title_price_and_picture_are_of_one_ring_also_while_another_is_on_its_way", async () => {
  const { page, close } = await open();
  await spinState(page, "standard", "#spin");
  assert.deepEqual(await told(page), ["Yellow Gold, Diamond", "€2,450", "Add to bag"]);
  let pass;
  const held = new Promise((resolve) => (pass = resolve));
  await page.route(/platinum.*\/sequence|\.pack$|\/s\//, (route) => held.then(() => route.fallback()));
  await page.locator("#metal-platinum").check();
  await page.locator('#title[aria-busy="true"]').waitFor();
  assert.deepEqual((await told(page)).slice(0, 2), ["Yellow Gold, Diamond", "€2,450"]);
  const switched = page.evaluate(
    () => new Promise((resolve) => document.querySelector("#spin").addEventListener("switch", resolve, { once: true })),
  );
  pass();
  await switched;
  assert.deepEqual(await told(page), ["Platinum, Diamond", "€2,980", "Add to bag"]);
  assert.equal(await page.locator("#title[aria-busy]").count(), 0);
  await close();
});

test("a_stone_without_a_spin_is_told_kindly_and_takes_no_metal_with_it", async () => {
  const { page, close } = await open();
  await spinState(page, "standard", "#spin");
  assert.equal(await page.locator(".swatch.dimmed").count(), 1);
  await page.locator("#stone-ruby").check();
  await page.locator("#note", { hasText: "Ruby cannot be shown yet" }).waitFor();
  assert.match(await page.textContent("#note"), /you see Yellow Gold, Diamond, at its price/);
  const add = "Add Yellow Gold, Diamond to bag";
  assert.deepEqual(await told(page), ["Yellow Gold, Diamond", "€2,450", add]);
  assert.deepEqual(await page.locator(".swatch.dimmed").allTextContents(), ["Ruby coming soon"]);
  await page.locator("#metal-platinum").check();
  await page.locator("#price", { hasText: "€2,980" }).waitFor();
  assert.match(await page.textContent("#note"), /^Ruby .* you see Platinum, Diamond, at its price/);
  await close();
});

test("a_link_to_platinum_never_shows_another_metal_and_back_is_followed", async () => {
  const context = await browser.newContext(DESK);
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.seen = [];
    const look = () => {
      const picture = document.querySelector("#spin > img");
      const isShown = picture?.checkVisibility({ visibilityProperty: true }) && picture.complete;
      if (isShown) window.seen.push(picture.currentSrc);
      if (document.querySelector("#price")?.textContent.trim())
        window.seen.push(document.querySelector("#chosen").textContent);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(`${base}#metal=platinum`);
  await spinState(page, "standard", "#spin");
  const seen = [...new Set(await page.evaluate(() => window.seen))];
  assert.ok(seen.length && seen.every((what) => /platinum/i.test(what)), seen.join());
  await page.evaluate(() => (location.hash = "#metal=rose-gold&angle=90"));
  await page.locator("#price", { hasText: "€2,490" }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector("#spin").angle), 90);
  await page.goBack();
  await page.locator("#price", { hasText: "€2,980" }).waitFor();
  await context.close();
});

test("the_bag_counts_tells_and_lists_what_was_seen", async () => {
  const { page, close } = await open();
  await spinState(page, "standard", "#spin");
  await page.locator("#add").click();
  assert.equal(await page.textContent("#bag-count"), "1");
  assert.match(await page.locator("#added[role=status]").textContent(), /^Yellow Gold, Diamond: it is in your bag/);
  await page.locator("#metal-rose-gold").check();
  await page.locator("#price", { hasText: "€2,490" }).waitFor();
  await page.locator("#add").click();
  await page.reload();
  assert.equal(await page.textContent("#bag-count"), "2", "a reload keeps it");
  await page.locator("#bag-open").click();
  assert.equal(await page.textContent("#bag-total"), "€4,940");
  assert.equal(await page.locator("#bag-list li").count(), 2);
  await page.getByRole("button", { name: "Remove Pavé Solitaire, Yellow Gold, Diamond" }).click();
  assert.equal(await page.textContent("#bag-total"), "€2,490");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#bag").isVisible(), false);
  await close();
});

test("without_scripts_no_button_is_dead_and_the_price_is_told", async () => {
  const { page, close } = await open({ ...DESK, javaScriptEnabled: false });
  assert.equal(await page.locator(":is(button, select, input, summary):visible").count(), 0);
  const note = page.locator("noscript .note");
  assert.ok((await note.isVisible()) && /€2,450 in yellow gold with a diamond/.test(await note.textContent()));
  const { width, height } = await page.locator("#spin > img").boundingBox();
  assert.equal(width, height, "the picture keeps its proportions");
  await close();
});

test("a_phone_held_across_shows_the_whole_ring_and_nothing_moves_while_a_page_loads", async () => {
  const phone = { hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  const screens = [
    { viewport: { width: 1440, height: 900 } },
    { viewport: { width: 390, height: 844 }, ...phone },
    { viewport: { width: 844, height: 390 }, ...phone },
    { viewport: { width: 667, height: 375 }, ...phone },
  ];
  for (const screen of screens) {
    // Without the nudge, which a hotspot follows: that is no part of loading.
    const context = await browser.newContext({ ...screen, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.addInitScript(() => {
      window.shifts = [];
      const note = (list) => window.shifts.push(...list.getEntries().map(({ value }) => value));
      new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(base);
    await spinState(page, "standard", "#spin");
    const { y, height } = await page.locator(".ground").boundingBox();
    const name = JSON.stringify(screen.viewport);
    assert.ok(y >= 0 && y + height <= screen.viewport.height, `${name}: ${y} + ${height}`);
    assert.deepEqual(await page.evaluate(() => window.shifts), [], name);
    await context.close();
  }
});

test("a_scroll_bar_that_comes_while_the_page_loads_moves_nothing", async () => {
  // Headless browsers hide scroll bars where they are not told otherwise.
  const scrolling = await launch({ ignoreDefaultArgs: ["--hide-scrollbars"] });
  const page = await scrolling.newPage({ viewport: { width: 1350, height: 940 }, reducedMotion: "reduce" });
  await page.goto(base);
  await spinState(page, "standard", "#spin");
  const left = () => page.locator("main").evaluate((main) => main.getBoundingClientRect().left);
  const long = await left();
  await page.evaluate(() => (document.querySelector("main").style.cssText = "height: 100px; overflow: hidden"));
  assert.equal(await left(), long);
  await scrolling.close();
});

test("text_of_twice_the_size_fits", async () => {
  for (const viewport of [
    { width: 390, height: 844 },
    { width: 1280, height: 900 },
  ]) {
    const { page, close } = await open({ viewport });
    await spinState(page, "standard", "#spin");
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width);
    await close();
  }
});

test("the_shop_s_head_is_one_line_on_every_phone", async () => {
  for (const width of [320, 344, 360, 375, 384, 390, 412, 430]) {
    const { page, close } = await open({ viewport: { width, height: 568 } });
    const tops = () =>
      page.locator(".top > *:visible").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().bottom));
    assert.ok(Math.max(...(await tops())) < 80, `${width}: ${await tops()}`);
    await close();
  }
});

test("related_pieces_fill_their_rows_at_every_width", async () => {
  for (const width of [320, 360, 412, 600, 768, 1024, 1440]) {
    const { page, close } = await open({ viewport: { width, height: 800 } });
    await page.locator("#related girasol-spin").first().waitFor({ state: "attached" });
    const ends = await page.evaluate(() => {
      const right = (one) => Math.round(one.getBoundingClientRect().right);
      return [right(document.getElementById("related-list")), right(document.querySelector("#related li:last-child"))];
    });
    assert.equal(ends[1], ends[0], `${width}`);
    await close();
  }
});

test("the_chosen_swatch_differs_in_forced_colours", async () => {
  const { page, close } = await open({ ...DESK, forcedColors: "active" });
  await spinState(page, "standard", "#spin");
  const ground = (id) =>
    page.locator(`.swatch[for=${id}]`).evaluate((label) => getComputedStyle(label).backgroundColor);
  assert.notEqual(await ground("metal-yellow-gold"), await ground("metal-platinum"));
  await close();
});

test("paper_shows_related_pieces_that_no_visitor_has_scrolled_to", async () => {
  const { page, close } = await open({ viewport: { width: 390, height: 500 } });
  await spinState(page, "standard", "#spin");
  await page.emulateMedia({ media: "print" });
  await page.waitForFunction(() => {
    const pictures = [...document.querySelectorAll("#related li girasol-spin > img")];
    return pictures.length === 9 && pictures.every(({ complete, naturalWidth }) => complete && naturalWidth);
  });
  await close();
});

test("the_piece_s_own_buttons_zoom_and_fill_the_screen", async () => {
  const { page, close } = await open();
  await spinState(page, "standard", "#spin");
  const scale = () =>
    page.evaluate(() =>
      getComputedStyle(document.querySelector("#spin").shadowRoot.querySelector("[part=frame]")).getPropertyValue(
        "--girasol-zoom",
      ),
    );
  await page.locator("#spin").getByRole("button", { name: "Zoom in" }).focus();
  await page.keyboard.press("Enter");
  assert.equal(await scale(), "1.5");
  await page.locator("#spin").getByRole("button", { name: "Zoom out" }).click();
  assert.equal(await scale(), "1");
  await page.locator("#spin").getByRole("button", { name: "Full screen" }).click();
  assert.equal(await page.locator("#spin").getAttribute("data-full"), "");
  await close();
});

test("the_ground_is_the_page_s_also_after_a_zoom", async () => {
  const { page, close } = await open({ ...DESK, reducedMotion: "reduce" });
  await spinState(page, "standard", "#spin");
  // Beside the stone: white in the frames, and no white on the page.
  const ground = async () => {
    await painted(page);
    const { x, y, width, height } = await page.locator("#spin").boundingBox();
    const clip = { x: x + width * 0.22, y: y + height * 0.12, width: 4, height: 4 };
    return (await page.screenshot({ clip })).toString("base64");
  };
  const before = await ground();
  await page.locator("#spin").getByRole("button", { name: "Zoom in" }).click();
  await page.locator("#spin").getByRole("button", { name: "Zoom out" }).click();
  assert.equal(await ground(), before);
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
