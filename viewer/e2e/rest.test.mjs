// At rest: a dense screen gets the frame of hd at the angle, and no more than that and its neighbours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { apart, openBody, painted, pixelsOf, sequenceOf, spinState, switchMetal, wholeManifest } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const DENSE = { viewport: { width: 600, height: 700 }, deviceScaleFactor: 3 };
const SPIN = `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" style="width: 500px"></girasol-spin>`;
let browser;
let hd;

before(async () => {
  browser = await launch();
  hd = (await wholeManifest(base, "yellow-gold")).tiers.hd;
  await wholeManifest(base, "platinum");
});
after(async () => void (await browser?.close()));

/** Opens a spin; `frames` are the frames of hd of any spin that were requested one by one. */
async function open(options, body = SPIN, hints = { effectiveType: "4g", downlink: 10, rtt: 50 }) {
  const frames = [];
  const opened = await openBody(browser, base, body, options, async (page) => {
    await page.addInitScript((connection) => {
      Object.defineProperty(navigator, "connection", { value: connection });
      performance.getEntriesByType = () => [];
    }, hints);
    page.on("request", (request) => {
      const [, set, file] = /\/s\/(\w+)\/(\d+\.\w+)$/.exec(request.url()) ?? [];
      if (set) frames.push({ set, file });
    });
  });
  return { ...opened, frames };
}

const ofHd = (frames) => frames.filter(({ set }) => set === hd.formats.avif.set).map(({ file }) => file);
const turn = (page, angle) => page.evaluate((angle) => document.querySelector("girasol-spin").spinTo(angle), angle);
/** Waits until the canvas has this many frames of hd fetched, and what was fetched is painted. */
async function rested(page, frames, count) {
  for (let tries = 0; ofHd(frames).length < count; tries++) {
    assert.ok(tries < 100, `${ofHd(frames)}`);
    await page.waitForTimeout(100);
  }
  await page.waitForTimeout(300);
  await painted(page);
}

/** What a frame of hd looks like: the picture of an element that shows hd. */
async function pictureOfHd(angle) {
  const { page, close } = await openBody(
    browser,
    base,
    SPIN.replace("<girasol-spin", `<girasol-spin tier="hd"`),
    DENSE,
  );
  await spinState(page, "hd");
  await turn(page, angle);
  await painted(page);
  const picture = await pixelsOf(page);
  await close();
  return picture;
}

test("a_piece_at_rest_on_a_dense_screen_is_as_sharp_as_hd", async () => {
  const { page, errors, frames, close } = await open(DENSE);
  await spinState(page, "standard");
  await turn(page, 60);
  await painted(page);
  const before = await pixelsOf(page);
  await rested(page, frames, 3);
  const near = [...hd.degrees].sort((a, b) => Math.abs(a - 60) - Math.abs(b - 60)).slice(0, 3);
  assert.deepEqual(ofHd(frames).sort(), near.map((degree) => `${`${degree}`.padStart(3, "0")}.avif`).sort());
  const sharp = await pictureOfHd(60);
  const seen = await pixelsOf(page);
  assert.ok(apart(seen, sharp) < apart(before, sharp) / 2, `${apart(seen, sharp)} and ${apart(before, sharp)}`);
  // The tier is what turns, and what a page is told of.
  assert.equal(await page.getAttribute("girasol-spin", "data-state"), "standard");
  // The frame of the next angle is shown as it turns, and hd when it rests again; a neighbour is fetched once.
  await turn(page, 180);
  await page.waitForFunction(() => document.querySelector("girasol-spin").displayedDegree === 180);
  const turned = apart(await pixelsOf(page), sharp);
  assert.ok(turned > apart(before, sharp), `${turned} and ${apart(before, sharp)}`);
  await rested(page, frames, 6);
  await turn(page, 60);
  // From the browser's cache.
  await rested(page, frames, 7);
  assert.equal(new Set(ofHd(frames)).size, 6);
  assert.ok(apart(await pixelsOf(page), sharp) < apart(before, sharp) / 2);
  assert.deepEqual(errors, []);
  await close();
});

test("another_metal_that_is_chosen_meanwhile_is_never_painted_over", async () => {
  const { page, errors, frames, close } = await open(DENSE);
  let pass;
  const held = new Promise((resolve) => (pass = resolve));
  await page.route(`**/s/${hd.formats.avif.set}/*`, (route) => held.then(() => route.continue()));
  await spinState(page, "standard");
  await turn(page, 60);
  await rested(page, frames, 1);
  await switchMetal(page, "platinum");
  await spinState(page, "standard");
  const platinum = await pixelsOf(page);
  pass();
  await page.waitForTimeout(500);
  await painted(page);
  assert.ok(apart(await pixelsOf(page), platinum) < 2);
  assert.deepEqual(errors, []);
  await close();
});

for (const [why, options, body, hints] of [
  ["on_a_screen_that_shows_no_more_than_the_frames_have", { ...DENSE, deviceScaleFactor: 1 }],
  ["in_a_small_box", DENSE, SPIN.replace("500px", "100px")],
  ["on_a_slow_line", DENSE, SPIN, { effectiveType: "4g", downlink: 3, rtt: 50 }],
  ["while_it_turns_by_itself", DENSE, SPIN.replace(" alt", " autospin alt")],
  ["in_a_tier_that_the_page_forces", DENSE, SPIN.replace(" alt", ` tier="standard" alt`)],
]) {
  test(`no_frame_of_hd_is_fetched_at_rest_${why}`, async () => {
    const { page, frames, close } = await open(options, body, hints);
    await spinState(page, "standard");
    if (!body?.includes("autospin")) await turn(page, 60);
    await page.waitForTimeout(1000);
    assert.deepEqual(ofHd(frames), []);
    await close();
  });
}

test("frames_at_rest_are_counted_in_what_the_view_reports", async () => {
  const { page, frames, close } = await open(DENSE);
  const sent = page.waitForRequest("**/api/vitals");
  await spinState(page, "standard");
  await turn(page, 60);
  await rested(page, frames, 3);
  await page.evaluate(() => document.querySelector("girasol-spin").remove());
  const { rested: count } = (await sent).postDataJSON();
  assert.equal(count, 1);
  await close();
});
