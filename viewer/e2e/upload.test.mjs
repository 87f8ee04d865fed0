// Frames on their way into the studio, in Chromium against a running server: strays, several metals in one drop, a reload in
// the middle, a lost line. GIRASOL_URL and GIRASOL_KEY as for studio.test.mjs; SCREENSHOTS a folder for pictures.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, openPage } from "./browser.mjs";

const base = process.env.GIRASOL_URL;
const key = process.env.GIRASOL_KEY;
const shots = process.env.SCREENSHOTS;
const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 2 * 60_000;

let browser;
let folder;
let opened;
let page;

before(async () => {
  assert.ok(base && key, "GIRASOL_URL and GIRASOL_KEY must name the server and an artist's key");
  if (shots) mkdirSync(shots, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "girasol-upload-"));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await opened?.close();
  opened = undefined;
});

/** Opens the studio, signed in. */
async function signIn(options = {}, prepare = async () => {}) {
  opened = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
  page = opened.page;
  page.setDefaultTimeout(60_000);
  await prepare(opened.context);
  await page.goto(new URL("/studio", base).href);
  await page.locator("#key").fill(key);
  await page.keyboard.press("Enter");
  await page.locator("body.signed-in #new-set").waitFor();
}

let sets = 0;

/** Opens a new set of a product of its own, and its page. */
async function openSet(choices, model = `upload-${Date.now().toString(36)}-${++sets}`) {
  const id = await page.evaluate(
    async ([product, choices]) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ product, choices });
      return (await (await fetch("/api/framesets", { method: "POST", headers, body })).json()).id;
    },
    [`ring.${model}`, choices],
  );
  await page.goto(new URL(`/studio#/sets/${id}`, base).href);
  await page.locator("#pick-folder-input").waitFor({ state: "attached" });
  return id;
}

/** Every third frame of a sample ring, in a folder below `parent`. */
function turn(parent, name, of = "platinum") {
  const renders = join(folder, parent, name);
  mkdirSync(renders, { recursive: true });
  const frames = readdirSync(join(fixtures, `ring-${of}`)).filter((_, index) => index % 3 === 0);
  for (const frame of frames) copyFileSync(join(fixtures, `ring-${of}`, frame), join(renders, frame));
  return frames.length;
}

const files = async (id) =>
  (await page.evaluate(async (id) => (await fetch(`/api/framesets/${id}`)).json(), id)).files.map(({ name }) => name);

async function uploaded(frames) {
  await page.waitForFunction(
    (frames) => {
      const rows = [...document.querySelectorAll("#files li")];
      return rows.length === frames && rows.every((row) => row.dataset.state === "done");
    },
    frames,
    { timeout: PATIENCE },
  );
}

/** Saves a screenshot, if wanted, and collects the findings of axe in both themes. */
async function inspect(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    if (shots) await page.screenshot({ path: join(shots, `upload-${name}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    const told = violations.map(({ id, nodes }) => `${name}, ${colorScheme}: ${id} ${nodes.map(({ html }) => html)}`);
    assert.deepEqual(told, []);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Holds uploads back behind a gate: the first `free` files pass, the others wait until it is opened. */
async function gate(free) {
  let open;
  const opening = new Promise((resolve) => (open = resolve));
  let passed = 0;
  await opened.context.route("**/api/uploads**", async (route) => {
    const request = route.request();
    if (request.method() === "POST" && ++passed > free) await opening;
    await route.continue().catch(() => {});
  });
  return open;
}

test("a_picture_that_is_no_frame_is_left_out_and_can_be_taken_in", async () => {
  await signIn();
  const id = await openSet({ metal: "platinum" });
  const frames = turn("stray", "frames");
  copyFileSync(join(folder, "stray/frames/000.webp"), join(folder, "stray/frames/drone.webp"));
  copyFileSync(join(folder, "stray/frames/000.webp"), join(folder, "stray/cover.webp"));
  await page.locator("#pick-folder-input").setInputFiles(join(folder, "stray"));
  await uploaded(frames);
  assert.deepEqual(
    (await files(id)).filter((name) => /drone|cover/.test(name)),
    [],
  );
  const rows = await page.locator("#left-out li").allTextContents();
  assert.equal(rows.length, 2, rows.join());
  assert.match(rows.join(), /beside the turn: stray\/cover.webp/);
  assert.match(rows.join(), /does not count with the others: stray\/frames\/drone.webp/);
  await page.locator("#commit:enabled").waitFor();
  await inspect("strays");
  const take = page.getByRole("button", { name: "Take it in: drone.webp" });
  await take.focus();
  await page.keyboard.press("Enter");
  await uploaded(frames + 1);
  assert.ok((await files(id)).includes("drone.webp"));
  assert.equal(await page.locator("#left-out li").count(), 1);
});

test("a_folder_for_each_metal_becomes_a_set_each", async () => {
  await signIn();
  const own = await openSet({ metal: "platinum" });
  const frames = turn("metals", "platinum");
  turn("metals", "14k Rose Gold", "rose-gold");
  await page.locator("#pick-folder-input").setInputFiles(join(folder, "metals"));
  const dialog = page.locator("dialog");
  await dialog.waitFor();
  assert.equal(await page.locator("#files li").count(), 0, "nothing is uploaded before the answer");
  const choice = (name) => dialog.getByLabel(name, { exact: true });
  assert.equal(await choice("Metal of metals/platinum").inputValue(), "platinum");
  // Both of one configuration are told before anything goes.
  await choice("Metal of metals/14k Rose Gold").fill("platinum");
  await dialog.locator("#take-turns").click();
  assert.match(
    await dialog
      .locator(".error")
      .allTextContents()
      .then((all) => all.join("")),
    /is of this one/,
  );
  await choice("Metal of metals/14k Rose Gold").fill("rose-gold");
  await inspect("metals");
  await dialog.locator("#take-turns").click();
  await uploaded(frames);
  assert.equal((await files(own)).length, frames);
  const link = page.locator("#other-sets a");
  assert.equal(await link.textContent(), "Rose Gold");
  const other = (await link.getAttribute("href")).split("/").at(-1);
  await link.click();
  await page.locator("h1", { hasText: "Rose Gold" }).waitFor();
  await uploaded(frames);
  assert.equal((await files(other)).length, frames);
});

test("after_a_reload_in_mid_upload_the_missing_files_are_named_and_the_same_drop_goes_on", async () => {
  await signIn();
  const id = await openSet({ metal: "platinum" });
  const frames = turn("reload", "frames");
  const open = await gate(4);
  await page.locator("#pick-folder-input").setInputFiles(join(folder, "reload"));
  await page.waitForFunction(() => document.querySelectorAll('#files li[data-state="done"]').length >= 4);
  page.once("dialog", (dialog) => dialog.accept());
  await page.reload();
  open();
  await opened.context.unrouteAll({ behavior: "ignoreErrors" });
  const missing = page.locator("#missing:visible");
  await missing.waitFor();
  const here = (await files(id)).length;
  assert.ok(here < frames, `${here}`);
  assert.match(await missing.textContent(), new RegExp(`^${frames - here} files of the drop have not arrived: .*webp`));
  assert.ok(await page.locator("#commit").isDisabled());
  assert.match(await page.locator("#commit-hint").textContent(), /have not arrived/);
  await inspect("missing");
  const sent = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/api/uploads")) sent.push(request.url());
  });
  await page.locator("#pick-folder-input").setInputFiles(join(folder, "reload"));
  await uploaded(frames);
  await missing.waitFor({ state: "hidden" });
  await page.locator("#commit:enabled").waitFor();
  assert.ok(sent.length <= frames - here, "what is here is not sent again");
});

test("what_is_missing_can_be_gone_on_without", async () => {
  await signIn();
  await openSet({ metal: "platinum" });
  turn("without", "frames");
  const open = await gate(4);
  await page.locator("#pick-folder-input").setInputFiles(join(folder, "without"));
  await page.waitForFunction(() => document.querySelectorAll('#files li[data-state="done"]').length >= 4);
  page.once("dialog", (dialog) => dialog.accept());
  await page.reload();
  open();
  await page.locator("#forget-missing").click();
  await page.locator("#missing").waitFor({ state: "hidden" });
  await page.locator("#commit:enabled").waitFor();
  await page.reload();
  await page.locator("#commit:enabled").waitFor();
});

test("offline_the_upload_says_so_and_waits_and_goes_on_by_itself", async () => {
  await signIn();
  const id = await openSet({ metal: "platinum" });
  const frames = turn("offline", "frames");
  const open = await gate(3);
  await page.locator("#pick-folder-input").setInputFiles(join(folder, "offline"));
  await page.waitForFunction(() => document.querySelectorAll('#files li[data-state="done"]').length >= 3);
  await opened.context.setOffline(true);
  const totals = page.locator("#totals");
  await totals.filter({ hasText: /You are offline/ }).waitFor();
  assert.doesNotMatch(await totals.textContent(), /a second/);
  await inspect("offline");
  open();
  await opened.context.setOffline(false);
  await uploaded(frames);
  assert.equal((await files(id)).length, frames);
  await page.locator("#commit:enabled").waitFor();
});

test("a_browser_whose_language_is_no_valid_tag_shows_the_studio", async () => {
  await signIn({}, (context) =>
    context.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, "language", { get: () => "en-US@posix", configurable: true });
      Object.defineProperty(Navigator.prototype, "languages", { get: () => ["en-US@posix"], configurable: true });
    }),
  );
  assert.deepEqual(
    opened.errors.filter((text) => !/status of 401/.test(text)),
    [],
  );
});
