// Drives the demo page in Chromium against a running server: `GIRASOL_URL=http://127.0.0.1:8360/ npm run e2e`.
// CHROMIUM names the browser; SCREENSHOTS a folder for pictures of the page.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, openPage } from "./browser.mjs";

const base = process.env.GIRASOL_URL;
const shots = process.env.SCREENSHOTS;
/** Encoding the fixtures takes a minute or two; slow machines get more. */
const PATIENCE = 20 * 60_000;
/** Rings of the demo. */
const METALS = 3;
const DESK = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let browser;

before(async () => {
  assert.ok(base, "GIRASOL_URL must name the running server");
  if (shots) mkdirSync(shots, { recursive: true });
  browser = await launch();
  // A demo that was started just now is still encoding: its page comes to life by itself.
  const early = await open();
  await early.page.locator('#spin:is([data-state="preview"], [data-state="standard"])').waitFor({ timeout: PATIENCE });
  await shoot(early.page, "early");
  await early.close();
  await encoded();
});

after(async () => {
  await browser?.close();
});

/** Waits until every ring of the demo has every tier. */
async function encoded() {
  const json = async (path) => (await fetch(new URL(path, base))).json();
  const hasHd = async (spin) => "hd" in (await json(spin.sequence)).tiers;
  for (const start = Date.now(); Date.now() - start < PATIENCE; ) {
    const { spins = [] } = await json("/api/products/customizable/ring/solitaire");
    const ready = await Promise.all(spins.map(hasHd));
    if (ready.length === METALS && ready.every(Boolean)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail("the demo's rings were not encoded in time");
}

/** Opens the demo page; `errors` collects the errors of the console. */
async function open(options = DESK, hash = "", prepare = async () => {}) {
  const { page, errors, close } = await openPage(browser, options);
  // Related pieces are the subject of another file: here they would load and decode beside the one that is looked at.
  await page.addInitScript(() =>
    addEventListener("DOMContentLoaded", () => document.getElementById("related")?.remove()),
  );
  await prepare(page);
  await page.goto(new URL(hash, base).href);
  await page.evaluate(() => (document.querySelector("#inside").open = true));
  return { page, errors, close };
}

async function state(page, name) {
  await page.locator(`#spin[data-state="${name}"]`).waitFor({ timeout: 30_000 });
  // What was loaded last is painted at the next refresh of the screen.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

const angle = (page) => page.evaluate(() => document.querySelector("girasol-spin").angle);
const displayed = (page) => page.evaluate(() => document.querySelector("girasol-spin").displayedDegree);
const valueNow = async (page) => Number(await page.locator("#spin").getByRole("slider").getAttribute("aria-valuenow"));

async function turnTo(page, degrees) {
  await page.evaluate((to) => document.querySelector("girasol-spin").spinTo(to), degrees);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** The picture on the canvas, 64 by 64 grey values over white. */
function pixels(page) {
  return page.evaluate(() => {
    const canvas = document.querySelector("girasol-spin").shadowRoot.querySelector("canvas");
    const small = document.createElement("canvas");
    small.width = small.height = 64;
    const context = small.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 64, 64);
    context.drawImage(canvas, 0, 0, 64, 64);
    const { data } = context.getImageData(0, 0, 64, 64);
    return Array.from(
      { length: 64 * 64 },
      (_, index) => (data[4 * index] + data[4 * index + 1] + data[4 * index + 2]) / 3,
    );
  });
}

/** Mean difference of two pictures, in grey values of 255. */
function difference(one, other) {
  return one.reduce((sum, value, index) => sum + Math.abs(value - other[index]), 0) / one.length;
}

/** Bytes that the panel shows as arrived for a tier. */
async function arrived(page, tier) {
  return Number(await page.locator(`#arrival-${tier}`).getAttribute("data-bytes"));
}

async function shoot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

async function drag(page, across) {
  const box = await page.locator("#spin").getByRole("slider").boundingBox();
  const [x, y] = [box.x + box.width / 2 - across / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 10; step++) await page.mouse.move(x + (across * step) / 10, y);
  await page.mouse.up();
  return box.width;
}

/** A finger that goes from the middle of the piece by (across, along) pixels. */
async function swipe(page, across, along) {
  const box = await page.locator("#spin").getByRole("slider").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const session = await page.context().newCDPSession(page);
  const touch = (type, touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
  await touch("touchStart", [{ x, y }]);
  for (let step = 1; step <= 12; step++) {
    await touch("touchMove", [{ x: x + (across * step) / 12, y: y + (along * step) / 12 }]);
  }
  await touch("touchEnd", []);
  await session.detach();
}

test("every_rendition_of_every_ring_is_inside_its_budget", async () => {
  const json = async (path) => (await fetch(new URL(path, base))).json();
  const { spins } = await json("/api/products/customizable/ring/solitaire");
  for (const { configId, sequence } of spins) {
    for (const [key, { budget, formats }] of Object.entries((await json(sequence)).tiers)) {
      for (const [format, { bytes: whole, bare }] of Object.entries(formats)) {
        const bytes = bare?.bytes ?? whole;
        assert.ok(bytes > 0 && bytes <= budget, `${configId} ${key} ${format}: ${bytes} of ${budget}`);
        assert.ok(whole <= 1.07 * budget, `${configId} ${key} ${format}: ${whole} of ${budget} as whole files`);
      }
    }
  }
});

test("the_ring_is_dragged_to_another_angle_and_looks_different_there", async () => {
  const { page, errors, close } = await open({ ...DESK, reducedMotion: "reduce" });
  await state(page, "standard");
  assert.equal(await displayed(page), 0);
  const front = await pixels(page);
  assert.ok(
    difference(
      front,
      front.map(() => 255),
    ) > 2,
    "the canvas shows more than its ground",
  );
  await shoot(page, "desk");

  const width = await drag(page, 150);
  const turned = await angle(page);
  // Where motion is reduced it comes to rest on a frame, ten degrees from the next.
  assert.ok(
    Math.abs(turned - (150 / width) * 360) <= 5 && turned % 10 === 0,
    `a drag to the right turns forward: ${turned}`,
  );
  await page.waitForFunction(() => document.querySelector("girasol-spin").displayedDegree !== 0);
  const side = await pixels(page);
  assert.ok(difference(front, side) > 2, `two angles differ: ${difference(front, side)}`);
  await shoot(page, "desk-turned");

  await turnTo(page, 0);
  assert.ok(difference(front, await pixels(page)) < 0.5, "back at the front it is the same picture");
  assert.deepEqual(errors, []);
  await close();
});

test("a_flick_goes_on_turning_after_its_release", async () => {
  const { page, close } = await open();
  await state(page, "standard");
  const width = await drag(page, 100);
  const dragged = (100 / width) * 360;
  await page.waitForFunction((least) => document.querySelector("girasol-spin").angle > least, dragged + 3);
  await close();
});

test("keys_turn_it_frame_by_frame", async () => {
  // Without the nudge that shows that it turns.
  const { page, close } = await open({ ...DESK, reducedMotion: "reduce" });
  await state(page, "standard");
  const slider = page.locator("#spin").getByRole("slider");
  await slider.focus();
  const check = async (key, value) => {
    await page.keyboard.press(key);
    assert.equal(await valueNow(page), value, key);
    assert.equal(await angle(page), value, key);
  };
  await check("ArrowRight", 10);
  await check("ArrowRight", 20);
  await check("ArrowLeft", 10);
  await check("PageUp", 40);
  await check("Home", 0);
  await check("ArrowLeft", 350);
  assert.equal(await slider.getAttribute("aria-valuetext"), "350 degrees");
  await page.waitForFunction(() => document.querySelector("girasol-spin").displayedDegree === 350);
  await close();
});

test("a_forced_tier_changes_what_is_loaded_and_shown", async () => {
  const { page, errors, close } = await open();
  await state(page, "standard");
  const standard = await arrived(page, "standard");
  await turnTo(page, 50);
  assert.equal(await displayed(page), 50);

  await page.selectOption("#tier", "preview");
  await state(page, "preview");
  assert.ok([30, 60].includes(await displayed(page)), "of the preview's frames the nearest");
  assert.equal(await page.locator("#arrival-standard").count(), 0);
  const preview = await arrived(page, "preview");
  assert.ok(preview > 0 && preview < standard, `${preview} of ${standard}`);

  await page.selectOption("#tier", "still");
  await state(page, "still");
  assert.equal(await displayed(page), 0);

  await page.selectOption("#tier", "standard-24");
  await state(page, "standard");
  assert.equal(await displayed(page), 45);

  await page.selectOption("#tier", "hd");
  await state(page, "hd");
  assert.equal(await angle(page), 50, "the angle is kept all the way");
  assert.equal(await displayed(page), 50);
  assert.ok((await arrived(page, "hd")) > 0);
  await shoot(page, "desk-hd");
  assert.deepEqual(errors, []);
  await close();
});

test("a_forced_format_is_what_is_loaded", async () => {
  const { page, close } = await open();
  await state(page, "standard");
  await page.locator("#selected", { hasText: "AVIF" }).waitFor();
  const avif = await arrived(page, "standard");
  await page.selectOption("#format", "webp");
  await page.locator("#selected", { hasText: "WebP" }).waitFor();
  await state(page, "standard");
  assert.ok((await arrived(page, "standard")) !== avif);
  await close();
});

test("another_metal_keeps_the_angle", async () => {
  const { page, errors, close } = await open();
  await state(page, "standard");
  await turnTo(page, 120);
  const yellow = await pixels(page);
  const other = page.locator("fieldset:first-of-type .swatch:not(.dimmed):not(:has(:checked))").first();
  const before = await page.getAttribute("girasol-spin", "src");
  await other.click();
  await page.waitForFunction((src) => document.querySelector("girasol-spin").getAttribute("src") !== src, before);
  await state(page, "standard");
  assert.equal(await angle(page), 120);
  assert.equal(await displayed(page), 120);
  assert.ok(difference(yellow, await pixels(page)) > 0.2, "it is another metal");
  await shoot(page, "desk-metal");

  await page.waitForURL(/#.*angle=120/);
  await page.reload();
  await state(page, "standard");
  assert.equal(await displayed(page), 120, "a reload brings metal and angle back");
  assert.deepEqual(errors, []);
  await close();
});

test("a_choice_without_a_spin_says_so_and_shows_the_nearest", async () => {
  const { page, errors, close } = await open();
  await state(page, "standard");
  const dimmed = page.locator(".swatch.dimmed").first();
  if (await dimmed.count()) {
    await dimmed.click();
    await page.locator("#note", { hasText: "cannot be shown yet" }).waitFor();
    await state(page, "standard");
    await shoot(page, "desk-no-spin");
  }
  assert.deepEqual(errors, []);
  await close();
});

test("a_finger_turns_it_sideways_and_scrolls_the_page_upwards", async () => {
  const { page, errors, close } = await open(PHONE);
  await state(page, "standard");
  await shoot(page, "phone");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `no sideways scroll: ${wide}`);
  if (shots) await page.screenshot({ path: join(shots, "phone-whole.png"), fullPage: true });

  await swipe(page, 120, 6);
  assert.ok((await angle(page)) > 60, `a swipe to the right turns it: ${await angle(page)}`);
  assert.equal(await page.evaluate(() => scrollY), 0, "and does not scroll");
  await turnTo(page, 0);
  await swipe(page, 0, -160);
  await page.waitForFunction(() => scrollY > 50);
  assert.equal(await angle(page), 0, "a vertical swipe does not turn it");
  assert.deepEqual(errors, []);
  await close();
});

test("decoded_frames_are_freed_with_the_spin_that_they_belong_to", async () => {
  const { page, close } = await open(DESK, "#tier=hd", (page) =>
    page.addInitScript(() => {
      window.open_bitmaps = new Set();
      const [real, shut] = [window.createImageBitmap, ImageBitmap.prototype.close];
      window.createImageBitmap = async (...args) => {
        const bitmap = await real(...args);
        window.open_bitmaps.add(bitmap);
        return bitmap;
      };
      ImageBitmap.prototype.close = function () {
        window.open_bitmaps.delete(this);
        shut.call(this);
      };
    }),
  );
  await state(page, "hd");
  const held = () =>
    page.evaluate(() => [window.open_bitmaps.size, document.querySelector("girasol-spin")?.loadedFrames]);
  assert.deepEqual(await held(), [72, 72]);
  await page.selectOption("#tier", "preview");
  await state(page, "preview");
  assert.deepEqual(await held(), [12, 12]);
  await page.evaluate(() => {
    window.spin = document.querySelector("girasol-spin");
    window.spin.remove();
  });
  assert.equal((await held())[0], 0);
  await page.evaluate(() => document.querySelector(".ground").prepend(window.spin));
  await state(page, "preview");
  assert.deepEqual(await held(), [12, 12]);
  await close();
});

test("an_early_preview_becomes_the_full_spin_by_itself_and_loads_nothing_twice", async () => {
  let early = true;
  const asked = [];
  const { page, errors, close } = await open(DESK, "#angle=60", async (page) => {
    page.on("request", (request) => request.url().endsWith(".pack") && asked.push(request.url()));
    await page.route("**/status", (route) => {
      const body = { status: "processing", stage: "encode standard", done: 7, total: 36 };
      return early ? route.fulfill({ contentType: "application/json", body: JSON.stringify(body) }) : route.fallback();
    });
    await page.route(/\/sequence/, async (route) => {
      if (!early) return route.fallback();
      const manifest = await (await route.fetch()).json();
      const { still, preview } = manifest.tiers;
      const selected = { ...manifest.selected, tier: "preview", frames: preview.frames };
      const json = { ...manifest, tiers: { still, preview }, digest: "0".repeat(32), selected };
      return route.fulfill({ json, headers: { "Cache-Control": "no-store" } });
    });
  });
  await state(page, "preview");
  await page.getByText("encode standard, 7 of 36").waitFor();
  await shoot(page, "desk-early");
  early = false;
  await state(page, "standard");
  assert.equal(await displayed(page), 60);
  assert.equal(asked.length, 2);
  assert.equal(new Set(asked).size, 2);
  assert.deepEqual(errors, []);
  await close();
});

test("where_packs_are_blocked_single_frames_come", async () => {
  const { page, close } = await open(DESK, "", (page) => page.route("**/p/*.pack", (route) => route.abort()));
  await state(page, "standard");
  await turnTo(page, 90);
  assert.equal(await displayed(page), 90);
  await close();
});

test("where_avif_does_not_decode_webp_comes", async () => {
  const { page, close } = await open(DESK, "", (page) =>
    page.addInitScript(() => {
      const real = window.createImageBitmap;
      window.createImageBitmap = (blob, ...rest) =>
        blob.type === "image/avif" ? Promise.reject(new DOMException("no", "InvalidStateError")) : real(blob, ...rest);
    }),
  );
  await page.locator("#selected", { hasText: "WebP" }).waitFor();
  await state(page, "standard");
  await close();
});

test("when_the_manifest_does_not_come_it_says_so_and_tries_again_when_asked", async () => {
  let down = true;
  const { page, close } = await open(DESK, "", (page) =>
    page.route(/\/sequence/, (route) => (down ? route.abort() : route.fallback())),
  );
  await state(page, "error");
  await shoot(page, "desk-error");
  down = false;
  await page.getByRole("button", { name: "Try again" }).first().click();
  await state(page, "standard");
  await close();
});

test("when_the_server_is_not_there_the_page_says_so_and_tries_again_when_asked", async () => {
  let down = true;
  const { page, close } = await open(DESK, "", (page) =>
    page.route("**/api/**", (route) => (down ? route.abort() : route.fallback())),
  );
  await page.getByText("The server cannot be reached").waitFor();
  await shoot(page, "desk-unreachable");
  down = false;
  await page.locator("#retry").click();
  await state(page, "standard");
  await close();
});

test("while_nothing_is_encoded_yet_the_page_waits_and_then_shows_the_ring", async () => {
  let empty = true;
  const { page, close } = await open(DESK, "", async (page) => {
    const fill = (status, body) => (route) =>
      empty ? route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) }) : route.fallback();
    await page.route("**/api/products/customizable/ring/solitaire", fill(404, { status: 404 }));
    const status = { status: "processing", stage: "encode preview", done: 5, total: 12 };
    await page.route("**/status", fill(200, status));
  });
  await page.getByText("encode preview, 5 of 12").waitFor();
  await page
    .locator("#waiting")
    .evaluate((element) => Promise.all(element.getAnimations().map(({ finished }) => finished)));
  await shoot(page, "desk-waiting");
  empty = false;
  await state(page, "standard");
  assert.ok(await page.locator("#waiting").isHidden());
  await close();
});

test("dark_pages_keep_the_white_ground", async () => {
  const { page, errors, close } = await open({ ...PHONE, colorScheme: "dark" });
  await state(page, "standard");
  const ground = await page.locator(".ground").evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.equal(ground, "rgb(255, 255, 255)");
  await shoot(page, "phone-dark");
  assert.deepEqual(errors, []);
  await close();
  if (!shots) return;
  const desk = await open({ ...DESK, colorScheme: "dark" });
  await state(desk.page, "standard");
  await shoot(desk.page, "desk-dark");
  await desk.close();
});
