// What is loaded and decoded while one scrolls: nothing before it is near, nothing when it is away, never beyond the bound.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { METALS, openBody, painted, sequenceOf, spinState } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const MIB = 1024 * 1024;
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

const spin = (index, more = "") =>
  `<girasol-spin id="spin-${index}" src="${sequenceOf(METALS[index % 3])}" tier="hd" width="1" height="1" alt="Ring ${index}" ${more}></girasol-spin>`;

test("nothing_loads_until_it_is_near_and_what_is_away_holds_nothing_decoded", async () => {
  const requested = [];
  const { page, errors, close } = await openBody(
    browser,
    base,
    `${spin(0)}<div style="height: 4000px"></div>${spin(1)}`,
    {},
    (page) =>
      page.on("request", (request) => request.method() === "GET" && requested.push(new URL(request.url()).pathname)),
  );
  await spinState(page, "hd", "#spin-0");
  assert.ok(!requested.some((path) => path.includes("rose-gold")), "the one below the fold has requested nothing");
  const loaded = requested.length;
  assert.ok((await page.evaluate(() => decoded.now)) > 0);

  await page.locator("#spin-1").scrollIntoViewIfNeeded();
  await spinState(page, "hd", "#spin-1");
  assert.equal(await page.evaluate(() => document.querySelector("#spin-0").loadedFrames), 0);
  assert.ok(requested.length > loaded);

  const again = requested.length;
  await page.locator("#spin-0").scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector("#spin-0").loadedFrames === 72);
  assert.equal(requested.length, again, "loaded frames are decoded again, not loaded again");

  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  assert.equal(await page.evaluate(() => decoded.now), 0, "a hidden page holds nothing");
  assert.deepEqual(errors, []);
  await close();
});

test("nine_spins_that_are_scrolled_through_stay_within_the_bound", async () => {
  const spins = Array.from({ length: 9 }, (_, index) => `<div style="width: 380px">${spin(index)}</div>`).join("");
  const { page, close } = await openBody(browser, base, spins);
  const bound = 24 * MIB;
  await page.waitForFunction(() => customElements.get("girasol-spin"));
  await page.evaluate((bytes) => (customElements.get("girasol-spin").maxDecodedBytes = bytes), bound);
  await page.evaluate(() => (decoded.most = 0));
  for (let index = 0; index < 9; index++) {
    await page.locator(`#spin-${index}`).scrollIntoViewIfNeeded();
    await spinState(page, "hd", `#spin-${index}`);
    await page.evaluate((index) => document.querySelector(`#spin-${index}`).spinTo(100 + index), index);
    await painted(page);
  }
  const { now, most } = await page.evaluate(() => decoded);
  console.log(
    `# nine spins: at most ${(most / MIB).toFixed(1)} MiB decoded, ${(now / MIB).toFixed(1)} at the end, of ${bound / MIB}`,
  );
  // Up to four frames a spin may be on their way to being closed when another takes their place.
  assert.ok(now <= bound && most <= bound + 8 * MIB, `${now} and ${most} of ${bound}`);
  await close();
});
