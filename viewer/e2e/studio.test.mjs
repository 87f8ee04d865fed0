// An artist's evening in Chromium, against a running server: sends a folder and a zip, mends, watches, inspects, publishes,
// compares, goes back. GIRASOL_URL names the server and GIRASOL_KEY a key of an artist's; SCREENSHOTS a folder for pictures.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";

const base = process.env.GIRASOL_URL;
const key = process.env.GIRASOL_KEY;
const shots = process.env.SCREENSHOTS;
const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures");
/** Encoding a small turn takes seconds; slow machines, with a demo that encodes beside it, get more. */
const PATIENCE = 4 * 60_000;
const RING = "ring.evening.metal-platinum";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
let folder;
let page;
const errors = [];

before(async () => {
  assert.ok(base && key, "GIRASOL_URL and GIRASOL_KEY must name the server and an artist's key");
  if (shots) mkdirSync(shots, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "girasol-studio-"));
  browser = await launch();
  page = await (await browser.newContext({ viewport: { width: 1024, height: 768 } })).newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Every third frame of a sample ring, in a folder as artists leave it behind. */
function turn(metal, ...more) {
  const renders = join(folder, metal);
  mkdirSync(renders);
  const frames = readdirSync(join(fixtures, `ring-${metal}`)).filter((_, index) => index % 3 === 0);
  for (const name of frames) copyFileSync(join(fixtures, `ring-${metal}`, name), join(renders, name));
  for (const [from, to] of more) copyFileSync(join(renders, from), join(renders, to));
  writeFileSync(join(renders, ".DS_Store"), "left behind");
  return renders;
}

const shown = (selector) => page.locator(selector).waitFor({ timeout: PATIENCE });
const live = () => page.locator("#version-list li[data-live]").getAttribute("data-version");
const sequence = async () => (await fetch(new URL(`/api/products/customizable/${RING}/sequence`, base))).status;

/** Saves a screenshot, if wanted, and collects the findings of axe. */
async function inspect(name) {
  if (shots) await page.screenshot({ path: join(shots, `studio-${name}.png`), fullPage: true });
  // What is being pressed or fades is not what it will be.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html)}`),
    [],
  );
}

async function startSet(...pairs) {
  await page.goto(new URL("/studio#/products", base).href);
  await page.locator("#new-set").click();
  await page.locator("#new-product").fill("ring.evening");
  for (const [index, [option, choice]] of pairs.entries()) {
    const name = page.locator("[data-role=option]").nth(index);
    // A product that is there has its options already.
    if ((await name.inputValue()) !== option) await name.fill(option);
    await page.locator("[data-role=choice]").nth(index).fill(choice);
  }
  await page.locator("#new-start").click();
  await page.locator("#pick-folder-input").waitFor({ state: "attached" });
}

/** Waits until every file is uploaded and the doctor has checked all of them. */
async function arrived(frames) {
  await page.waitForFunction(
    (frames) => {
      const rows = [...document.querySelectorAll("#files li")];
      return rows.length >= frames && rows.every((row) => row.dataset.state === "done");
    },
    frames,
    { timeout: PATIENCE },
  );
  await shown('#doctor[data-state="done"]');
}

async function encoded() {
  await page.locator("#commit:enabled").click();
  await shown('#spin[data-state="hd"], #spin[data-state="standard"], #job[data-state="failed"]');
  assert.match(page.url(), /#\/configurations\//, "it ends at what has been made");
}

test("a_key_is_needed_to_get_in", async () => {
  await page.goto(new URL("/studio", base).href);
  await page.locator("#sign-in").waitFor();
  await inspect("sign-in");
  await page
    .locator("#key")
    .fill("girasol_000000000000_0000000000000000000000000000000000000000000000000000000000000000");
  await page.locator("#sign-in").click();
  await page.locator("#sign-in-error").filter({ hasText: /./ }).waitFor();
  await inspect("refused");
  await page.locator("#key").fill(key);
  await page.keyboard.press("Enter");
  await shown("body.signed-in");
  await shown("#new-set");
  await inspect("overview");
  assert.match(await page.locator("#who").textContent(), /artist/);
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes("girasol_"));
});

test("what_visitors_miss_is_listed_and_can_be_begun", async () => {
  const wanted = { choices: { metal: "platinum", stone: "ruby" } };
  for (let asked = 0; asked < 2; asked += 1) {
    const headers = { "content-type": "application/json" };
    const configure = new URL("/api/products/customizable/ring.solitaire/configure", base);
    const answer = await fetch(configure, { method: "POST", headers, body: JSON.stringify(wanted) });
    assert.equal((await answer.json()).status, "unavailable");
  }
  await page.goto(new URL("/studio#/products", base).href);
  const row = page.locator('[data-wanted="ring.solitaire.metal-platinum.stone-ruby"]');
  // The server counts in memory, and writes that down every few seconds.
  let told;
  for (const start = Date.now(); Date.now() - start < PATIENCE && !/([2-9]|\d\d) times/.test(told); ) {
    await page.reload();
    await row.waitFor({ timeout: PATIENCE });
    told = await row.textContent();
  }
  assert.match(told, /([2-9]|\d\d) times/);
  const table = await page.evaluate(async () =>
    (await fetch(document.querySelector('a[download="demand.csv"]').href)).text(),
  );
  assert.match(table, /^configuration,product,choices,asked,last\nring\.solitaire\.metal-platinum\.stone-ruby,/);
  await inspect("wanted");
  await row.locator("button").click();
  await page.locator("#pick-folder-input").waitFor({ state: "attached" });
  assert.match(page.url(), /#\/sets\//);
});

test("a_folder_is_sent_mended_watched_and_published", async () => {
  await startSet(["metal", "platinum"]);
  await page.locator("#pick-folder-input").setInputFiles(turn("platinum", ["000.webp", "360.webp"]));
  await arrived(13);
  await shown('#findings li[data-kind="closing-frame"]');
  await page.waitForFunction(() => {
    const picture = document.querySelector('#findings li[data-kind="closing-frame"] img');
    return picture?.complete && picture.naturalWidth > 0;
  });
  await inspect("findings");
  await page.locator('#findings li[data-kind="closing-frame"] [data-mend]').click();
  await page.locator('#findings li[data-kind="closing-frame"]').waitFor({ state: "detached" });
  await shown('#doctor[data-state="done"]');
  assert.equal(await page.locator("#files li").count(), 12);

  await encoded();
  assert.equal(await sequence(), 404, "it is not public before it is published");
  await inspect("ready");
  await page.locator("#publish").click();
  // The first is the preview that came before.
  await shown('#version-list li[data-version="2"][data-live]');
  // A server keeps for a second that there was none.
  for (const start = Date.now(); (await sequence()) !== 200; ) assert.ok(Date.now() - start < PATIENCE);
});

test("every_tier_and_format_can_be_looked_at", async () => {
  for (const tier of ["still", "preview", "standard", "hd"]) {
    if (!(await page.locator(`#tier option[value="${tier}"]`).count())) continue;
    for (const format of ["avif", "webp"]) {
      await page.locator("#tier").selectOption(tier);
      await page.locator("#format").selectOption(format);
      await shown(`#spin[data-state="${tier}"]`);
    }
  }
  for (const plot of ["#plot-bytes", "#plot-quality"]) await shown(`${plot} canvas`);
});

test("a_zip_becomes_the_next_version_and_the_first_comes_back", async () => {
  const zip = join(folder, "rose.zip");
  execFileSync("python3", ["-m", "zipfile", "-c", zip, turn("rose-gold")]);
  await startSet(["metal", "platinum"]);
  await page.locator("#pick-files-input").setInputFiles(zip);
  await arrived(12);
  await encoded();
  await shown('#version-list li[data-version="3"]');

  // Everyone with the link sees it; all others do not.
  await page.locator("#preview-link").click();
  await page.locator("#preview-link-create").click();
  const link = await page.locator("#preview-link-address").inputValue();
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(link);
  await stranger.locator('girasol-spin:is([data-state="hd"], [data-state="standard"])').waitFor();
  await stranger.context().close();
  await page.keyboard.press("Escape");

  await page.locator("#publish").click();
  await shown('#version-list li[data-version="3"][data-live]');
  await page.goto(new URL(`/studio#/configurations/${RING}/compare/2/3`, base).href);
  await shown('#spin-1:is([data-state="hd"], [data-state="standard"])');
  await shown('#spin-2:is([data-state="hd"], [data-state="standard"])');
  await page.evaluate(() => document.querySelector("#spin-1").spinTo(90));
  await page.waitForFunction(() => document.querySelector("#spin-2").angle === 90);
  await inspect("compare");
  await page.locator("label:has(#mode-difference)").click();
  await inspect("difference");

  await page.goto(new URL(`/studio#/configurations/${RING}`, base).href);
  await shown('#version-list li[data-version="3"][data-live]');
  await page.locator("#rollback").click();
  await page.locator("dialog [data-confirm]").click();
  await shown('#version-list li[data-version="2"][data-live]');
  assert.equal(await live(), "2");
  await inspect("rolled-back");
});

test("a_choice_that_a_product_lacks_is_asked_about_before_it_is_made", async () => {
  await page.goto(new URL("/studio#/products", base).href);
  await page.locator("#new-set").click();
  await page.locator("#new-product").fill("ring.evening");
  const choice = page.locator("[data-role=choice]");
  await choice.fill("platinun");
  await page.locator("#new-start").click();
  assert.match(
    await page.locator("#new-choices").textContent(),
    /metal=platinun is a new choice. Did you mean metal=platinum/,
  );
  await inspect("new-choice");
  // What was typed is still there, to be corrected.
  await page.locator("dialog:has(#new-choices) button:not([data-confirm])").click();
  assert.equal(await choice.inputValue(), "platinun");
  await choice.fill("titanium");
  await page.locator("#new-start").click();
  await page.locator("dialog:has(#new-choices) [data-confirm]").click();
  await page.locator("#pick-folder-input").waitFor({ state: "attached" });
  assert.equal(await page.locator("dialog").count(), 0);
});

test("signing_out_leaves_nothing_behind", async () => {
  await page.locator("#sign-out").click();
  await shown("#key");
  const status = await page.evaluate(async () => (await fetch("/api/framesets")).status);
  assert.equal(status, 401);
  // A 401 at the door, a 409 before a choice is made, and what was asked for on purpose; nothing else, no broken policy above all.
  const other = errors.filter((text) => !/status of 40[149]/.test(text));
  assert.deepEqual(other, []);
});
