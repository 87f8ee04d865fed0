// Fingers, wheel and keys, with real events of the browser: what turns, what scrolls, what zooms.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { openBody, painted, sequenceOf, spinState } from "./spins.mjs";
import { swipe, zoomed, zoomOf } from "./touch.mjs";

const base = process.env.GIRASOL_URL;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const SPIN = `<girasol-spin src="${sequenceOf("yellow-gold")}" width="1" height="1" alt="Ring"></girasol-spin>`;
const TALL = `${SPIN}<div style="height: 3000px"></div>`;
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

const spin = (page, get) => page.evaluate((get) => document.querySelector("girasol-spin")[get], get);
/** Up again, and still there when what the swipe has set in motion has come to rest. */
const backToTop = (page) =>
  page.evaluate(async () => {
    for (let still = 0; still < 20; still = scrollY ? 0 : still + 1) {
      if (scrollY) scrollTo(0, 0);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });

test("a_vertical_swipe_scrolls_a_horizontal_one_turns_and_two_fingers_zoom", async () => {
  const { page, errors, close } = await openBody(browser, base, TALL, { ...PHONE, reducedMotion: "reduce" });
  await spinState(page, "standard");
  await swipe(page, [
    [0.5, 0.8],
    [0.52, 0.3],
  ]);
  await page.waitForFunction(() => scrollY > 50);
  assert.equal(await spin(page, "angle"), 0);

  await backToTop(page);
  await swipe(page, [
    [0.3, 0.5],
    [0.6, 0.53],
  ]);
  assert.ok((await spin(page, "angle")) > 60);
  assert.equal(await page.evaluate(() => scrollY), 0);

  const angle = await spin(page, "angle");
  await swipe(
    page,
    [
      [0.45, 0.5],
      [0.2, 0.5],
    ],
    [
      [0.55, 0.5],
      [0.8, 0.5],
    ],
  );
  assert.ok((await zoomOf(page)).scale > 3, `${(await zoomOf(page)).scale}`);
  assert.equal(await spin(page, "angle"), angle, "a pinch does not turn it");
  // Zoomed in, one finger looks about; at the edge it is the page's all the same.
  const before = await zoomOf(page);
  const up = () =>
    swipe(page, [
      [0.5, 0.8],
      [0.5, 0.3],
    ]);
  await up();
  assert.ok((await zoomOf(page)).y < before.y - 0.4, "it looks down");
  assert.equal(await page.evaluate(() => scrollY), 0);
  for (let swipes = 0; swipes < 6; swipes++) await up();
  await page.waitForFunction(() => scrollY > 50);
  assert.equal(await spin(page, "angle"), angle, "looking about does not turn it");
  assert.deepEqual(errors, []);
  await close();
});

test("a_wheel_scrolls_the_page_and_zooms_with_ctrl_or_in_full_screen", async () => {
  const { page, close } = await openBody(browser, base, TALL);
  await spinState(page, "standard");
  await page.getByRole("slider").hover();
  await page.mouse.wheel(0, 200);
  await page.waitForFunction(() => scrollY > 50);
  assert.equal((await zoomOf(page)).scale, 1);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -400);
  await page.keyboard.up("Control");
  await zoomed(page);

  await page.getByRole("slider").focus();
  await page.keyboard.press("Escape");
  assert.equal((await zoomOf(page)).scale, 1);
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.querySelector("girasol-spin").matches(":fullscreen"));
  await page.getByRole("slider").hover();
  await page.mouse.wheel(0, -400);
  await zoomed(page);
  await page.getByRole("slider").focus();
  await page.keyboard.press("f");
  await page.waitForFunction(
    () => !document.fullscreenElement && !document.querySelector("girasol-spin").hasAttribute("data-full"),
  );
  assert.equal((await zoomOf(page)).scale, 1);
  await close();
});

test("zooming_in_brings_hd_and_keeps_the_angle", async () => {
  const { page, close } = await openBody(browser, base, SPIN);
  await spinState(page, "standard");
  await page.evaluate(() => document.querySelector("girasol-spin").spinTo(60));
  await page.getByRole("slider").focus();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  assert.ok((await zoomOf(page)).scale > 2);
  await spinState(page, "hd");
  await painted(page);
  assert.deepEqual([await spin(page, "angle"), await spin(page, "displayedDegree")], [60, 60]);
  await page.keyboard.press("-");
  await page.keyboard.press("-");
  assert.equal((await zoomOf(page)).scale, 1);
  await close();
});

test("zooming_brings_no_hd_to_visitors_who_save_data", async () => {
  const { page, close } = await openBody(browser, base, SPIN, {}, (page) =>
    page.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } })),
  );
  await spinState(page, "preview");
  await page.getByRole("slider").focus();
  await page.keyboard.press("+");
  await page.waitForTimeout(300);
  assert.equal(await page.getAttribute("girasol-spin", "data-state"), "preview");
  await close();
});

test("every_key_does_what_it_says_also_where_one_reads_from_right_to_left", async () => {
  for (const direction of ["ltr", "rtl"]) {
    const { page, close } = await openBody(browser, base, `<div dir="${direction}">${SPIN}</div>`);
    await spinState(page, "standard");
    await page.getByRole("slider").focus();
    // The piece turns as the arrow points; scripts do not change what is right and left.
    for (const [key, angle] of [
      ["ArrowRight", 10],
      ["ArrowUp", 20],
      ["ArrowLeft", 10],
      ["ArrowDown", 0],
      ["End", 350],
      ["Home", 0],
      ["PageUp", 30],
    ]) {
      await page.keyboard.press(key);
      assert.equal(await spin(page, "angle"), angle, `${key} ${direction}`);
    }
    assert.equal(await page.getByRole("slider").getAttribute("aria-valuetext"), "30 degrees");
    await close();
  }
});

test("a_switch_while_hd_comes_is_no_error", async () => {
  const { page, close } = await openBody(browser, base, SPIN);
  await spinState(page, "standard");
  const failed = await page.evaluate(async () => {
    const spin = document.querySelector("girasol-spin");
    let failed = 0;
    spin.addEventListener("error", () => failed++);
    spin.shadowRoot.querySelector(".stage").dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
    await new Promise((resolve) => spin.addEventListener("progress", resolve, { once: true }));
    spin.setAttribute("metal", "platinum");
    await new Promise((resolve) =>
      spin.addEventListener("tierchange", ({ detail }) => detail.tier === "hd" && resolve()),
    );
    return failed;
  });
  assert.equal(failed, 0);
  assert.match(await spin(page, "configuration"), /platinum/);
  await close();
});
