// What the browser decides by itself: from the line that it measures, the element's size, and frames that come late.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { openBody, painted, sequenceOf, spinState } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

const spin = (width) =>
  `<girasol-spin src="${sequenceOf("platinum")}" width="1" height="1" alt="Ring" style="width: ${width}px"></girasol-spin>`;

test("on_a_slow_line_the_preview_has_to_do", async () => {
  const packs = [];
  const { page, close } = await openBody(browser, base, spin(400), {}, async (page, context) => {
    page.on("request", (request) => request.url().endsWith(".pack") && packs.push(request.url()));
    // The hints say nothing, as in browsers that have none. Slow enough that a busy machine adds nothing to it.
    await page.addInitScript(() => Object.defineProperty(navigator, "connection", { value: undefined }));
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 100,
      downloadThroughput: 0.15e6 / 8,
      uploadThroughput: 1e6 / 8,
    });
  });
  await page.evaluate(
    () => new Promise((resolve) => document.querySelector("girasol-spin").addEventListener("tierchange", resolve)),
  );
  await painted(page);
  assert.equal(await page.getAttribute("girasol-spin", "data-state"), "preview");
  assert.equal(packs.length, 1);
  await close();
});

test("a_thumbnail_takes_fewer_frames", async () => {
  const { page, close } = await openBody(browser, base, spin(120));
  await spinState(page, "standard");
  // Of the 36 frames of this ring, standard-24 has every second one; six of the preview's stand between them.
  assert.equal(await page.evaluate(() => document.querySelector("girasol-spin").loadedFrames), 24);
  await close();
});

test("when_frames_are_late_fewer_are_shown_and_held", async () => {
  const { page, close } = await openBody(browser, base, spin(400), {}, (page) =>
    // A device that decodes, but never soon enough.
    page.addInitScript(() => {
      const real = window.createImageBitmap;
      window.createImageBitmap = (...args) =>
        new Promise((resolve) => setTimeout(() => resolve(real(...args)), window.slow ? 150 : 0));
    }),
  );
  await spinState(page, "standard");
  const frames = await page.evaluate(async () => {
    const spin = document.querySelector("girasol-spin");
    window.slow = true;
    customElements.get("girasol-spin").maxDecodedBytes = 12e6;
    const fewer = new Promise((resolve) => spin.addEventListener("tierchange", ({ detail }) => resolve(detail.frames)));
    const turn = () => {
      spin.spinTo(spin.angle + 10);
      requestAnimationFrame(turn);
    };
    turn();
    return fewer;
  });
  assert.equal(frames, 18);
  await close();
});
