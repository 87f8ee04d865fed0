// Another metal at the same angle: what is painted, and what is loaded for it. How soon is `make bench-viewer`'s to say.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage, openShop } from "./browser.mjs";
import {
  apart,
  look,
  METALS,
  openBody,
  painted,
  pixelsOf,
  sequenceOf,
  spinState,
  switched,
  switchMetal,
} from "./spins.mjs";

const base = process.env.GIRASOL_URL;
/** The "Fast 4G" of Chromium's own tools: 165 ms until an answer begins, 8.1 Mbit/s. */
const FAST_4G = {
  offline: false,
  latency: 165,
  downloadThroughput: (9e6 * 0.9) / 8,
  uploadThroughput: (1.5e6 * 0.9) / 8,
};
const ANGLES = [50, 130, 220];
let browser;
/** A shop on an origin of its own; a page that playwright routes would have no cache. */
let shop;

before(async () => {
  browser = await launch();
  const body = `<girasol-spin src="${new URL(sequenceOf(METALS[0]), base)}" width="1" height="1" alt="Ring" style="display: block; width: 500px"></girasol-spin>
    <p id="metals">${METALS.map((metal) => `<button type="button" name="metal" value="${metal}">${metal}</button>`).join("")}</p>
    <script>
      const spin = document.querySelector("girasol-spin");
      const choice = (event) => event.target.name && { [event.target.name]: event.target.value };
      metals.addEventListener("pointerover", (event) => spin.warm(choice(event)));
      metals.addEventListener("click", (event) => spin.setAttribute("metal", event.target.value));
    </script>`;
  const html = `<!doctype html><html lang="en"><title>Shop</title><script type="module" src="${new URL("/girasol-spin.js", base)}"></script>${body}`;
  shop = await openShop((path) => (path === "/" ? ["text/html", html] : undefined));
});
after(async () => {
  await browser?.close();
  shop?.close();
});

async function visit(network) {
  const { context, page, errors, close } = await openPage(browser, { viewport: { width: 800, height: 900 } });
  const requested = [];
  page.on("request", (request) => requested.push(new URL(request.url()).pathname));
  await page.addInitScript(`globalThis.look = ${look}`);
  // What the line and a busy machine are measured at decides in policy.test.mjs, and nothing here.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "connection", { value: undefined });
    performance.getEntriesByType = () => [];
  });
  if (network) {
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.emulateNetworkConditions", network);
  }
  await page.goto(shop.url);
  await spinState(page, "standard");
  await painted(page);
  return { page, errors, requested, close };
}

const turnTo = async (page, angle) => {
  await page.evaluate((angle) => document.querySelector("girasol-spin").spinTo(angle), angle);
  await page.waitForFunction((angle) => document.querySelector("girasol-spin").displayedDegree === angle, angle);
};
const displayed = (page) => page.evaluate(() => document.querySelector("girasol-spin").displayedDegree);

/** Pictures of every metal at every angle, from complete spins. */
async function picturesOf(angles) {
  const { page, close } = await visit();
  const pictures = {};
  for (const metal of [...METALS.slice(1), METALS[0]]) {
    await switchMetal(page, metal);
    await spinState(page, "standard");
    for (const angle of angles) {
      await turnTo(page, angle);
      await painted(page);
      pictures[`${metal} ${angle}`] = await pixelsOf(page);
    }
  }
  await close();
  return pictures;
}

/** Which of the pictures stands on the canvas. */
function nearest(pictures, pixels) {
  const [best, second] = Object.entries(pictures)
    .map(([name, picture]) => [name, apart(picture, pixels)])
    .sort(([, one], [, other]) => one - other);
  assert.ok(best[1] < 1 && second[1] > 2 * best[1] + 0.2, `${best} and ${second}`);
  return best[0];
}

test("ten_switches_each_as_soon_as_the_last_is_painted_show_the_right_metal_at_the_right_angle", async () => {
  const pictures = await picturesOf(ANGLES);
  const { page, errors, close } = await visit(FAST_4G);
  await turnTo(page, ANGLES[0]);
  const switches = Array.from({ length: 10 }, (_, index) => [METALS[(index + 1) % 3], ANGLES[index % 3]]);
  // What is painted is looked at in the page, before the next frame takes its place. The packs of each are cut off.
  const { seen, blank } = await page.evaluate(async (switches) => {
    const spin = document.querySelector("girasol-spin");
    const seen = [];
    let blank = 0;
    const watch = () => {
      if (look().every((value) => value === 255)) blank += 1;
      requestAnimationFrame(watch);
    };
    watch();
    for (const [metal, angle] of switches) {
      const switched = new Promise((resolve) =>
        spin.addEventListener("switch", ({ detail }) => resolve({ ...detail, data: look() }), { once: true }),
      );
      spin.spinTo(angle);
      spin.setAttribute("metal", metal);
      seen.push(await switched);
    }
    return { seen, blank };
  }, switches);
  const names = switches.map(([metal, angle]) => `${metal} ${angle}`);
  assert.deepEqual(
    seen.map(({ data }) => nearest(pictures, data)),
    names,
  );
  assert.deepEqual(
    seen.map(({ choices }) => choices.metal),
    switches.map(([metal]) => metal),
  );
  await spinState(page, "standard");
  await painted(page);
  assert.equal(nearest(pictures, await pixelsOf(page)), names.at(-1));
  assert.equal(blank, 0, "the canvas was blank");
  assert.deepEqual(errors, []);
  await close();
});

test("a_switch_that_is_overtaken_is_cancelled_and_never_shows", async () => {
  const { page, requested, close } = await visit(FAST_4G);
  const shown = await page.evaluate(async (metals) => {
    const spin = document.querySelector("girasol-spin");
    const shown = [];
    spin.addEventListener("switch", ({ detail }) => shown.push(detail.choices.metal));
    for (let index = 0; index < 9; index++) {
      spin.setAttribute("metal", metals[index % 2 ? 2 : 1]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await new Promise((resolve) =>
      spin.addEventListener("tierchange", ({ detail }) => detail.tier === "standard" && resolve()),
    );
    return shown;
  }, METALS);
  assert.deepEqual(shown, ["rose-gold"]);
  const packs = requested.filter((path) => path.startsWith("/p/"));
  assert.equal(packs.length, 4, "two packs of each metal that stayed, none of the others");
  await close();
});

test("pointing_at_a_swatch_warms_that_one_frame_and_using_it_needs_no_other", async () => {
  const { page, requested, close } = await visit();
  await turnTo(page, 70);
  const before = requested.length;
  const swatch = page.getByRole("button", { name: "platinum" });
  await swatch.hover();
  await page.waitForTimeout(300);
  const warmed = requested.slice(before);
  assert.equal(warmed.filter((path) => /^\/s\/\w+\/070\.avif$/.test(path)).length, 1);
  assert.equal(warmed.filter((path) => !path.endsWith("/sequence")).length, 1, String(warmed));
  await switched(page, () => swatch.click());
  await spinState(page, "standard");
  assert.equal(requested.filter((path) => path.endsWith("/070.avif")).length, 1);
  assert.equal(await displayed(page), 70);
  await close();
});

test("a_set_that_was_loaded_is_never_loaded_again", async () => {
  const { page, requested, close } = await visit();
  for (const metal of ["rose-gold", "yellow-gold", "rose-gold", "yellow-gold"]) {
    await page.evaluate((metal) => {
      const spin = document.querySelector("girasol-spin");
      const whole = new Promise((resolve) =>
        spin.addEventListener("tierchange", ({ detail }) => detail.tier === "standard" && resolve()),
      );
      spin.setAttribute("metal", metal);
      return whole;
    }, metal);
  }
  const objects = requested.filter((path) => /^\/[ps]\//.test(path));
  assert.equal(new Set(objects).size, objects.length, objects.sort().join("\n"));
  await close();
});

test("a_choice_without_a_spin_tells_the_nearest_and_leaves_what_is_shown", async () => {
  const { page, close } = await openBody(
    browser,
    base,
    `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring"></girasol-spin>`,
  );
  await spinState(page, "standard");
  const before = await pixelsOf(page);
  const detail = await page.evaluate(async () => {
    const spin = document.querySelector("girasol-spin");
    const failed = new Promise((resolve) => spin.addEventListener("error", ({ detail }) => resolve(detail)));
    spin.setAttribute("stone", "no-such-stone");
    return failed;
  });
  assert.ok(detail.status >= 400);
  assert.ok(apart(before, await pixelsOf(page)) < 0.5);
  await page.evaluate(() => document.querySelector("girasol-spin").removeAttribute("stone"));
  await spinState(page, "standard");
  await close();
});
