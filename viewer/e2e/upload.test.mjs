// Frames on their way into the studio, in Chromium against a running server: strays, several metals in one drop, a reload in
// the middle, a lost line. GIRASOL_URL and GIRASOL_KEY as for studio.test.mjs; SCREENSHOTS a folder for pictures.

import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openDesk } from "./desk.mjs";

let desk;

before(async () => (desk = await openDesk()));
after(() => desk?.close());

const names = async (id) => Object.keys(await desk.frames(id));

test("a_picture_that_is_no_frame_is_left_out_and_can_be_taken_in", async () => {
  const page = await desk.signIn();
  const id = await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("stray", "frames");
  copyFileSync(join(desk.folder, "stray/frames/000.webp"), join(desk.folder, "stray/frames/drone.webp"));
  copyFileSync(join(desk.folder, "stray/frames/000.webp"), join(desk.folder, "stray/cover.webp"));
  await desk.pick("stray");
  await desk.uploaded(frames);
  assert.deepEqual(
    (await names(id)).filter((name) => /drone|cover/.test(name)),
    [],
  );
  const rows = await page.locator("#left-out li").allTextContents();
  assert.equal(rows.length, 2, rows.join());
  assert.match(rows.join(), /beside the turn: stray\/cover.webp/);
  assert.match(rows.join(), /does not count with the others: stray\/frames\/drone.webp/);
  await page.locator("#commit:enabled").waitFor();
  await desk.inspect("strays");
  const take = page.getByRole("button", { name: "Take it in: drone.webp" });
  await take.focus();
  await page.keyboard.press("Enter");
  await desk.uploaded(frames + 1);
  assert.ok((await names(id)).includes("drone.webp"));
  assert.equal(await page.locator("#left-out li").count(), 1);
});

test("a_folder_for_each_metal_becomes_a_set_each", async () => {
  const page = await desk.signIn();
  const own = await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("metals", "platinum");
  desk.turn("metals", "14k Rose Gold", "rose-gold");
  await desk.pick("metals");
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
  await desk.inspect("metals");
  await dialog.locator("#take-turns").click();
  await desk.uploaded(frames);
  assert.equal((await names(own)).length, frames);
  const link = page.locator("#other-sets a");
  assert.equal(await link.textContent(), "Rose Gold");
  const other = (await link.getAttribute("href")).split("/").at(-1);
  await link.click();
  await page.locator("h1", { hasText: "Rose Gold" }).waitFor();
  await desk.uploaded(frames);
  assert.equal((await names(other)).length, frames);
});

test("a_folder_of_a_choice_that_the_product_lacks_is_asked_about_and_the_others_go_on", async () => {
  const page = await desk.signIn();
  const own = await desk.openSet({ metal: "platinum", stone: "diamond" }, "solitaire");
  const frames = desk.turn("lacking", "platinum");
  desk.turn("lacking", "greenish", "rose-gold");
  const dialog = page.locator("dialog");
  const drop = async () => {
    await desk.pick("lacking");
    for (const folder of ["platinum", "greenish"]) {
      const metal = folder === "platinum" ? "platinum" : "green-gold";
      await dialog.getByLabel(`Metal of lacking/${folder}`, { exact: true }).fill(metal);
      await dialog.getByLabel(`Stone of lacking/${folder}`, { exact: true }).fill("diamond");
    }
    await dialog.locator("#take-turns").click();
    await dialog.locator("#new-choices", { hasText: "metal=green-gold" }).waitFor();
  };
  await drop();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await desk.uploaded(frames);
  assert.equal((await names(own)).length, frames);
  await page.locator("#left-out", { hasText: "lacking/greenish" }).waitFor();
  assert.equal(await page.locator("#other-sets a").count(), 0);
  await drop();
  await dialog.locator("[data-confirm]").click();
  assert.equal(await page.locator("#other-sets a").textContent(), "Green Gold, Diamond");
});

test("after_a_reload_in_mid_upload_the_missing_files_are_named_and_the_same_drop_goes_on", async () => {
  const page = await desk.signIn();
  const id = await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("reload", "frames");
  const open = await desk.gate(4);
  await desk.pick("reload");
  await page.waitForFunction(() => document.querySelectorAll('#files li[data-state="done"]').length >= 4);
  page.once("dialog", (dialog) => dialog.accept());
  await page.reload();
  open();
  await desk.opened.context.unrouteAll({ behavior: "ignoreErrors" });
  const missing = page.locator("#missing:visible");
  await missing.waitFor();
  const here = (await names(id)).length;
  assert.ok(here < frames, `${here}`);
  assert.match(await missing.textContent(), new RegExp(`^${frames - here} files of the drop have not arrived: .*webp`));
  assert.ok(await page.locator("#commit").isDisabled());
  assert.match(await page.locator("#commit-hint").textContent(), /have not arrived/);
  await desk.inspect("missing");
  const sent = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/api/uploads")) sent.push(request.url());
  });
  await desk.pick("reload");
  await desk.uploaded(frames);
  await missing.waitFor({ state: "hidden" });
  await page.locator("#commit:enabled").waitFor();
  assert.ok(sent.length <= frames - here, "what is here is not sent again");
});

test("what_is_missing_can_be_gone_on_without", async () => {
  const page = await desk.signIn();
  await desk.openSet({ metal: "platinum" });
  desk.turn("without", "frames");
  const open = await desk.gate(4);
  await desk.pick("without");
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
  const page = await desk.signIn();
  const id = await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("offline", "frames");
  const open = await desk.gate(3);
  await desk.pick("offline");
  await page.waitForFunction(() => document.querySelectorAll('#files li[data-state="done"]').length >= 3);
  await desk.opened.context.setOffline(true);
  const totals = page.locator("#totals");
  await totals.filter({ hasText: /You are offline/ }).waitFor();
  assert.doesNotMatch(await totals.textContent(), /a second/);
  await desk.inspect("offline");
  open();
  await desk.opened.context.setOffline(false);
  await desk.uploaded(frames);
  assert.equal((await names(id)).length, frames);
  await page.locator("#commit:enabled").waitFor();
});

test("a_browser_whose_language_is_no_valid_tag_shows_the_studio", async () => {
  await desk.signIn({}, (context) =>
    context.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, "language", { get: () => "en-US@posix", configurable: true });
      Object.defineProperty(Navigator.prototype, "languages", { get: () => ["en-US@posix"], configurable: true });
    }),
  );
  assert.deepEqual(
    desk.opened.errors.filter((text) => !/status of 401/.test(text)),
    [],
  );
});
