// The loupe: a piece that is zoomed beyond hd and rests shows one frame at the raw frames' own size.
//
// The server's own answers, with a loupe put into them that can be told from hd by its colour.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { openBody, painted, sequenceOf, spinState, wholeManifest } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const SCREEN = { viewport: { width: 900, height: 900 }, deviceScaleFactor: 2 };
const SPIN = `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" style="width: 700px"></girasol-spin>`;
const FAST = { effectiveType: "4g", downlink: 10, rtt: 50 };
const SET = "f".repeat(32);
let browser;
let hd;
let size;
let red;

before(async () => {
  browser = await launch();
  hd = (await wholeManifest(base, "yellow-gold")).tiers.hd;
  const [width, height] = hd.formats.avif.size;
  size = [2 * width, 2 * height];
  const page = await browser.newPage();
  red = Buffer.from(
    await page.evaluate(async ([width, height]) => {
      const canvas = Object.assign(new OffscreenCanvas(width, height));
      const context = canvas.getContext("2d");
      context.fillStyle = "#ff0000";
      context.fillRect(0, 0, width, height);
      const file = await canvas.convertToBlob({ type: "image/webp", quality: 0.9 });
      return [...new Uint8Array(await file.arrayBuffer())];
    }, size),
  );
  await page.close();
});
after(async () => void (await browser?.close()));

/** Opens a spin whose manifest has this beside what the server says. `asked` are requests for a loupe, `frames` its frames. */
async function open({ more, body = SPIN, hints = FAST, screen = SCREEN }) {
  const [frames, asked] = [[], []];
  const opened = await openBody(browser, base, body, screen, async (page) => {
    await page.addInitScript((connection) => {
      Object.defineProperty(navigator, "connection", { value: connection });
      performance.getEntriesByType = () => [];
    }, hints);
    await page.route("**/sequence*", async (route) => {
      const response = await route.fetch();
      const { loupe: _, loupe_request: __, ...manifest } = await response.json();
      await route.fulfill({ response, json: { ...manifest, ...more } });
    });
    await page.route(`**/s/${SET}/*`, async (route) => {
      frames.push(/\d+\.\w+$/.exec(route.request().url())[0]);
      await route.fulfill({ contentType: "image/webp", body: red });
    });
    await page.route("**/loupe", async (route) => {
      asked.push(`${route.request().method()} ${new URL(route.request().url()).pathname}`);
      await route.fulfill({ status: 202 });
    });
  });
  return { ...opened, frames, asked };
}

const withLoupe = () => ({
  loupe: { size, degrees: hd.degrees, formats: { webp: { set: SET, bytes: hd.degrees.map(() => red.length) } } },
});
const act = (page, name, value) =>
  page.evaluate(([name, value]) => document.querySelector("girasol-spin")[name](value), [name, value]);
/** Zooms in as the keyboard does. */
async function zoomIn(page, times = 4) {
  await page.focus("girasol-spin");
  for (let time = 0; time < times; time++) await page.keyboard.press("+");
}
/** The width of the canvas, and the colour in its middle. */
const seen = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector("girasol-spin").shadowRoot.querySelector("canvas");
    const [red, green] = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
    return { width: canvas.width, isRed: red > 240 && green < 20 };
  });
async function until(page, check) {
  for (let tries = 0; ; tries++) {
    const now = await seen(page);
    if (check(now)) return;
    assert.ok(tries < 100, JSON.stringify(now));
    await page.waitForTimeout(100);
  }
}

test("what_is_zoomed_beyond_hd_and_rests_is_as_large_as_the_raw_frame", async () => {
  const { page, errors, frames, asked, close } = await open({ more: withLoupe() });
  await spinState(page, "standard");
  await act(page, "spinTo", 60);
  await page.waitForTimeout(400);
  assert.deepEqual(frames, [], "it is not zoomed");
  await zoomIn(page);
  await spinState(page, "hd");
  await until(page, ({ width, isRed }) => width === size[0] && isRed);
  assert.deepEqual([...new Set(frames)], ["060.webp"]);
  // It is dropped as the piece turns, and the next angle is fetched when it rests again.
  await act(page, "spinTo", 180);
  await page.waitForFunction(() => document.querySelector("girasol-spin").displayedDegree === 180);
  await painted(page);
  await until(page, ({ width, isRed }) => width === size[0] && isRed);
  assert.deepEqual([...new Set(frames)], ["060.webp", "180.webp"]);
  assert.deepEqual([errors, asked], [[], []]);
  await close();
});

test("frames_of_a_loupe_are_counted_in_what_the_view_reports", async () => {
  const { page, close } = await open({ more: withLoupe() });
  const sent = page.waitForRequest("**/api/vitals");
  await spinState(page, "standard");
  await act(page, "spinTo", 60);
  await zoomIn(page);
  await spinState(page, "hd");
  await until(page, ({ isRed }) => isRed);
  await page.waitForTimeout(500);
  await page.evaluate(() => document.querySelector("girasol-spin").remove());
  assert.ok((await sent).postDataJSON().loupes >= 1);
  await close();
});

test("a_loupe_that_is_not_made_is_asked_for_once", async () => {
  const { page, errors, asked, close } = await open({ more: { loupe_request: "loupe" } });
  await spinState(page, "standard");
  await act(page, "spinTo", 60);
  await page.waitForTimeout(400);
  assert.deepEqual(asked, [], "it is not zoomed");
  await zoomIn(page);
  await spinState(page, "hd");
  await act(page, "spinTo", 90);
  await page.waitForTimeout(600);
  assert.deepEqual(asked, [`POST ${sequenceOf("yellow-gold").replace("/sequence", "/loupe")}`]);
  assert.deepEqual(errors, []);
  await close();
});

for (const [why, options] of [
  ["on_a_slow_line", { hints: { ...FAST, downlink: 3 } }],
  ["with_data_saver", { hints: { ...FAST, saveData: true } }],
  ["in_a_tier_that_the_page_forces", { body: SPIN.replace(" alt", ` tier="standard" alt`) }],
  ["in_a_box_that_hd_fills", { body: SPIN.replace("700px", "50px") }],
]) {
  test(`no_frame_of_a_loupe_is_fetched_${why}`, async () => {
    const { page, frames, close } = await open({ more: withLoupe(), ...options });
    await page.waitForFunction(() =>
      ["preview", "standard"].includes(document.querySelector("girasol-spin").dataset.state),
    );
    await act(page, "spinTo", 60);
    await zoomIn(page);
    await page.waitForTimeout(800);
    assert.deepEqual(frames, []);
    await close();
  });
}
