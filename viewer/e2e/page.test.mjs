// What a page can do with it: posters, hotspots, addresses to share, spinning by itself, and what axe and the shop's server get.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { look, openBody, painted, sequenceOf, spinState, switchMetal } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

const spin = (more = "", inside = "") =>
  `<main><h1>Ring</h1><girasol-spin src="${sequenceOf("yellow-gold")}" width="1" height="1" alt="Ring" style="width: 400px" ${more}>${inside}</girasol-spin></main>`;
/** Through 0. */
const PATH = JSON.stringify(
  [
    [330, 0.4, 0.5],
    [360, 0.5, 0.48],
    [390, 0.6, 0.5],
  ].map(([degree, x, y]) => ({ degree, x, y })),
);
const get = (page, name) => page.evaluate((name) => document.querySelector("girasol-spin")[name], name);

test("the_second_file_waits_for_the_frames", async () => {
  const asked = [];
  const packs = new Set();
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  const still = `<img src="/still/ring.solitaire.metal-yellow-gold.stone-diamond.webp" width="640" height="640" alt="">`;
  const { page, close } = await openBody(browser, base, spin("", still), {}, async (page) => {
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.route("**/p/*.pack", async (route) => {
      if (packs.add(route.request().url()).size > 1) await opened;
      await route.continue();
    });
  });
  await spinState(page, "preview");
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  assert.ok(!asked.includes("/girasol-spin.more.js"), `${asked}`);
  const second = page.waitForRequest("**/girasol-spin.more.js");
  open();
  await spinState(page, "standard");
  await second;
  await close();
});

test("the_placeholder_needs_the_first_file_alone_and_waits_for_the_requests_of_frames", async () => {
  const asked = [];
  const { page, errors, close } = await openBody(browser, base, spin(), {}, async (page) => {
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.route("**/p/*.pack", () => {});
    await page.addInitScript(() => {
      window.done = [];
      const { fetch } = window;
      window.fetch = (address, ...more) => {
        window.done.push(/\.pack$/.test(address) ? "pack" : "manifest");
        return fetch(address, ...more);
      };
      const { putImageData } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.putImageData = function (...image) {
        window.done.push("placeholder");
        return putImageData.apply(this, image);
      };
    });
  });
  await page.waitForFunction(() => window.done.includes("placeholder"));
  assert.deepEqual(await page.evaluate(() => window.done.slice(0, 3)), ["manifest", "pack", "placeholder"]);
  const colours = new Set((await page.evaluate(look)).map((value) => value >> 4));
  assert.ok(colours.size > 4, "it shows something");
  assert.ok(!asked.includes("/girasol-spin.more.js"), `${asked}`);
  assert.deepEqual(errors, []);
  await close();
});

test("what_is_seen_is_asked_for_before_an_observer_tells_of_it_and_nothing_else_is", async () => {
  const asked = [];
  const hidden = (metal, style) => `<div style="${style}">${spin().replace("yellow-gold", metal)}</div>`;
  const body = `${spin()}<div style="width: 300px; height: 300px; overflow: hidden">
    ${hidden("rose-gold", "margin-left: 300px")}</div>${hidden("platinum", "display: none")}`;
  const { page, close } = await openBody(browser, base, body, {}, async (page) => {
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.addInitScript(() => (IntersectionObserver.prototype.observe = () => {}));
  });
  await spinState(page, "standard");
  const metals = asked.filter((path) => path.endsWith("/sequence")).map((path) => /metal-([a-z-]+)/.exec(path)[1]);
  assert.deepEqual(metals, ["yellow-gold"]);
  await close();
});

test("hotspots_know_the_zoom_factor_before_the_first_zoom", async () => {
  const hotspot = `<button slot="hotspot" type="button" data-points='${PATH}'>Stone</button>`;
  const { page, close } = await openBody(browser, base, spin("", hotspot));
  await page.locator("[slot=hotspot]").waitFor();
  const factor = await page
    .locator("[slot=hotspot]")
    .evaluate((spot) => getComputedStyle(spot).getPropertyValue("--girasol-zoom"));
  assert.equal(factor, "1");
  await close();
});

test("axe_finds_nothing_in_any_state", async () => {
  const { page, close } = await openBody(
    browser,
    base,
    spin("controls", `<button slot="hotspot" type="button" data-points='${PATH}'>Stone</button>`),
  );
  await page.evaluate(
    (points) => (document.querySelector("girasol-spin").hotspots = [{ name: "pave", label: "Pavé", points }]),
    JSON.parse(PATH),
  );
  const check = async (state) => {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${state}: ${id} ${nodes.map(({ html }) => html)}`),
      [],
    );
  };
  await spinState(page, "standard");
  await page.getByRole("button", { name: "Zoom in" }).waitFor();
  await check("standard");
  await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
  await page.getByRole("button", { name: "Close" }).waitFor();
  await check("full");
  await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
  await page.evaluate(() =>
    document
      .querySelector("girasol-spin")
      .setAttribute("src", "/api/products/customizable/ring.none.metal-gold/sequence"),
  );
  await spinState(page, "error");
  await check("error");
  await page.evaluate((src) => {
    const spin = document.querySelector("girasol-spin");
    spin.setAttribute("src", src);
    spin.setAttribute("tier", "still");
  }, sequenceOf("platinum"));
  await spinState(page, "still");
  await check("still");
  await close();
});

test("hotspots_follow_the_turn_and_serve_every_metal", async () => {
  const { page, close } = await openBody(browser, base, spin("", `<b slot="hotspot" data-points='${PATH}'>here</b>`));
  await spinState(page, "standard");
  const at = async (angle) => {
    await page.evaluate((angle) => document.querySelector("girasol-spin").spinTo(angle), angle);
    await painted(page);
    return page.evaluate(() =>
      (({ hidden, style }) => (hidden ? "hidden" : `${style.left} ${style.top}`))(document.querySelector("b")),
    );
  };
  assert.deepEqual(
    [await at(0), await at(15), await at(345), await at(180)],
    ["50% 48%", "55% 49%", "45% 49%", "hidden"],
  );
  await switchMetal(page, "rose-gold");
  assert.equal(await at(15), "55% 49%");
  await close();
});

test("a_product_s_hotspots_are_taken_as_they_are", async () => {
  const { page, close } = await openBody(browser, base, spin());
  await spinState(page, "standard");
  const { hotspots } = await (await fetch(new URL("/api/products/customizable/ring/solitaire", base))).json();
  const href = "#clarity";
  const give = (hotspots) =>
    page.evaluate((hotspots) => (document.querySelector("girasol-spin").hotspots = hotspots), hotspots);
  await give([...hotspots, { name: "clarity", label: "Clarity", href, points: [{ degree: 180, x: 0.25, y: 0.5 }] }]);
  const at = async (angle) => {
    await page.evaluate((angle) => document.querySelector("girasol-spin").spinTo(angle), angle);
    await painted(page);
    const seen = (spots) =>
      spots
        .filter(({ hidden }) => !hidden)
        .map(({ localName, dataset, style, href }) =>
          [localName, dataset.hotspot, style.left, style.top, !!href].join(" "),
        );
    return page.locator("[data-hotspot]").evaluateAll(seen);
  };
  assert.deepEqual(await at(0), ["button stone 50% 9% false", "button pave 72.1% 38.5% false"]);
  assert.deepEqual(await at(178), ["button stone 50% 9% false", "a clarity 25% 50% true"]);
  await give(hotspots.slice(0, 1));
  assert.deepEqual(await at(178), ["button stone 50% 9% false"]);
  await close();
});

test("a_shared_address_brings_metal_and_angle_back", async () => {
  const { page, close } = await openBody(browser, base, spin("share"), { hash: "#angle=120&metal=rose-gold" });
  await spinState(page, "standard");
  assert.match(await get(page, "configuration"), /rose-gold/);
  assert.deepEqual([await get(page, "angle"), await get(page, "displayedDegree")], [120, 120]);
  await page.evaluate(() => document.querySelector("girasol-spin").setAttribute("metal", "platinum"));
  await page.evaluate(() => document.querySelector("girasol-spin").spinTo(200));
  await page.waitForURL(/#angle=200&metal=platinum/);
  await close();
});

test("it_spins_by_itself_until_it_is_touched_and_not_where_motion_is_reduced", async () => {
  const moving = await openBody(browser, base, spin(`autospin="4"`));
  await spinState(moving.page, "standard");
  await moving.page.waitForFunction(() => document.querySelector("girasol-spin").angle > 5);
  await moving.page.getByRole("slider").focus();
  await moving.page.keyboard.press("ArrowRight");
  const angle = await get(moving.page, "angle");
  await painted(moving.page);
  assert.equal(await get(moving.page, "angle"), angle);
  await moving.close();
  const still = await openBody(browser, base, spin(`autospin="4"`), { reducedMotion: "reduce" });
  await spinState(still.page, "standard");
  await painted(still.page);
  assert.equal(await get(still.page, "angle"), 0);
  await still.close();
});

test("a_picture_of_the_page_s_own_shows_until_the_first_frame", async () => {
  const picture = `<img src="/still/ring.solitaire.metal-yellow-gold.stone-diamond.jpg" width="640" height="640" alt="Ring">`;
  let free;
  const held = new Promise((resolve) => (free = resolve));
  const { page, close } = await openBody(browser, base, spin("", picture), {}, (page) =>
    page.route(/\/sequence/, async (route) => {
      await held;
      return route.fallback();
    }),
  );
  const isSeen = () => page.evaluate(() => document.querySelector("img").checkVisibility());
  await page.waitForFunction(
    () => document.querySelector("img").naturalWidth > 0 && document.querySelector("girasol-spin").shadowRoot,
  );
  assert.equal(await isSeen(), true);
  free();
  await spinState(page, "standard");
  await painted(page);
  assert.equal(await isSeen(), false);
  await close();
});

test("it_reports_how_the_view_went_once_it_has_ended", async () => {
  const reports = [];
  const { page, close } = await openBody(browser, base, spin(), {}, (page) =>
    page.route("**/api/vitals", async (route) => {
      const response = await route.fetch();
      reports.push({ ...route.request().postDataJSON(), status: response.status() });
      await route.fulfill({ response });
    }),
  );
  await spinState(page, "standard");
  await page.evaluate(async () => {
    const spin = document.querySelector("girasol-spin");
    const switched = new Promise((resolve) => spin.addEventListener("switch", resolve, { once: true }));
    spin.setAttribute("metal", "platinum");
    await switched;
  });
  await spinState(page, "standard");
  await page.evaluate(() => document.querySelector("girasol-spin").spinTo(50));
  await painted(page);
  await page.evaluate(() => document.querySelector("girasol-spin").remove());
  for (let tries = 0; !reports.length && tries < 100; tries++) await painted(page);
  const [vitals] = reports;
  assert.equal(reports.length, 1);
  assert.deepEqual([vitals.schema, vitals.status], ["girasol.vitals/1", 204]);
  assert.equal(vitals.configuration, "ring.solitaire.metal-platinum.stone-diamond");
  assert.equal(vitals.tier, "standard");
  assert.deepEqual([vitals.switches, vitals.turned, vitals.wanted], [1, 1, 1]);
  assert.match(vitals.format, /^(avif|webp)$/);
  assert.ok(vitals.looks[5] > 0 && vitals.looks.length === 6, JSON.stringify(vitals.looks));
  assert.equal(vitals.lcp_ms, undefined);
  assert.ok(
    vitals.frame_ms <= vitals.spin_ms && vitals.spin_ms <= vitals.full_ms && vitals.bytes > 200_000,
    JSON.stringify(vitals),
  );
  await close();
});

test("the_page_s_own_vitals_are_reported_where_it_wants_that", async () => {
  const reports = [];
  const { page, close } = await openBody(browser, base, spin('vitals="page" controls'), {}, (page) =>
    page.route("**/api/vitals", async (route) => {
      const response = await route.fetch();
      reports.push({ ...route.request().postDataJSON(), status: response.status() });
      await route.fulfill({ response });
    }),
  );
  await spinState(page, "standard");
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  for (let tries = 0; !reports.length && tries < 100; tries++) await painted(page);
  const [vitals] = reports;
  assert.equal(vitals.status, 204);
  assert.ok(vitals.lcp_ms > 0 && vitals.cls_thousandths >= 0, JSON.stringify(vitals));
  await close();
});
