// What an artist does with the frames of a set before they are encoded, in Chromium against a running server: turns them,
// orders them, decides what the doctor asks; and at the end the lines for a page. GIRASOL_URL and GIRASOL_KEY as for
// studio.test.mjs; SCREENSHOTS a folder for pictures.

import assert from "node:assert/strict";
import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "./browser.mjs";
import { openDesk, PATIENCE } from "./desk.mjs";

const base = process.env.GIRASOL_URL;
let desk;

before(async () => (desk = await openDesk()));
after(() => desk?.close());

const path = (...parts) => join(desk.folder, ...parts);
const done = (page) => page.locator('#doctor[data-state="done"]').waitFor({ timeout: PATIENCE });
const drawn = (page, frames) =>
  page.waitForFunction(
    (frames) => document.querySelectorAll("#contact-sheet [data-picture=here]").length === frames,
    frames,
    { timeout: PATIENCE },
  );
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));

test("the_frames_are_turned_by_hand_and_hero_and_front_are_chosen_before_anything_is_encoded", async () => {
  const page = await desk.signIn();
  const id = await desk.openSet({ metal: "rose-gold" });
  const frames = desk.turn("turned", "frames", "rose-gold", 1);
  const open = await desk.gate(6);
  await desk.pick("turned");
  // They turn while they are still on their way.
  await drawn(page, frames);
  const hand = page.getByRole("slider", { name: "Turn the frames" });
  const box = await hand.boundingBox();
  await page.mouse.move(box.x + 10, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 10 + box.width / 4, box.y + 50, { steps: 4 });
  await page.mouse.up();
  assert.equal(await hand.getAttribute("aria-valuenow"), "10");
  open();
  await desk.uploaded(frames);
  await hand.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await hand.getAttribute("aria-valuenow"), "11");
  await page.locator("#use-as-hero").click();
  await page.locator("#settings-status", { hasText: "Saved." }).waitFor();
  await page.locator("#use-as-front").click();
  // The hero is the same frame, which stands at 0 degrees now.
  await page.locator(".sheet .chosen .caption", { hasText: "100.webp · 0° · hero" }).waitFor();
  assert.deepEqual([await page.locator("#hero").inputValue(), await page.locator("#start").inputValue()], ["0", "260"]);
  const { settings } = await page.evaluate(async (id) => (await fetch(`/api/framesets/${id}`)).json(), id);
  assert.deepEqual([settings.hero, settings.start], [0, 260]);
  await done(page);
  await desk.inspect("contact-sheet");
});

test("frames_are_ordered_by_keys_and_by_dragging_and_stay_so_after_a_reload", async () => {
  const page = await desk.signIn();
  const id = await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("order", "frames");
  await desk.pick("order");
  await desk.uploaded(frames);
  await drawn(page, frames);
  const before = await desk.frames(id);
  await page.locator('.sheet [data-name="000.webp"] button').focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await focused(page), /^030.webp · 30°, frame 2 of 12/);
  await page.keyboard.press("Shift+ArrowRight");
  await page.waitForFunction(() => /^060.webp/.test(document.activeElement?.getAttribute("aria-label") ?? ""));
  let now = await desk.frames(id);
  assert.deepEqual([now["030.webp"], now["060.webp"]], [before["060.webp"], before["030.webp"]]);
  await page.locator('.sheet [data-name="060.webp"]').dragTo(page.locator('.sheet [data-name="030.webp"]'));
  await until(
    page,
    async ([id, digest]) => {
      const { files } = await (await fetch(`/api/framesets/${id}`)).json();
      return files.find(({ name }) => name === "030.webp").digest === digest;
    },
    [id, before["030.webp"]],
  );
  now = await desk.frames(id);
  assert.deepEqual(now, before);
  // The pictures come from the server then.
  await page.reload();
  await drawn(page, frames);
  await page.locator('.sheet [data-name="330.webp"] button').focus();
  await page.keyboard.press("Delete");
  await page.locator("dialog [data-confirm]").click();
  await page.locator('.sheet [data-name="330.webp"]').waitFor({ state: "detached" });
  assert.equal(Object.keys(await desk.frames(id)).length, frames - 1);
});

test("what_visitors_are_bound_to_see_is_asked_about_and_swapped_frames_are_put_right_by_one_click", async () => {
  const page = await desk.signIn();
  const id = await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("swapped", "frames", "platinum", 1);
  renameSync(path("swapped/frames/050.webp"), path("swapped/frames/x.webp"));
  renameSync(path("swapped/frames/060.webp"), path("swapped/frames/050.webp"));
  renameSync(path("swapped/frames/x.webp"), path("swapped/frames/060.webp"));
  await desk.pick("swapped");
  await desk.uploaded(frames);
  const finding = page.locator('#findings li[data-kind="out-of-order"]');
  await finding.waitFor({ timeout: PATIENCE });
  await page.waitForFunction(() => document.querySelector("#findings img")?.naturalWidth > 0);
  await desk.inspect("swapped");
  const commit = await page.evaluate(async (id) => {
    const answer = await fetch(`/api/framesets/${id}/commit`, { method: "POST" });
    return [answer.status, (await answer.json()).type.split(":").pop()];
  }, id);
  assert.deepEqual(commit, [409, "findings-unacknowledged"]);
  await page.locator("#commit").click();
  const dialog = page.locator("dialog");
  assert.match(await dialog.textContent(), /swapped/);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await finding.getByRole("button", { name: "Swap them" }).click();
  await finding.waitFor({ state: "detached", timeout: PATIENCE });
  await done(page);
  assert.equal(await page.locator("#findings li").count(), 0);
});

test("encode_waits_for_the_doctor_and_asks_what_is_found_meanwhile", async () => {
  const page = await desk.signIn();
  await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("early", "frames");
  desk.turn("early", "other", "rose-gold");
  copyFileSync(path("early/other/150.webp"), path("early/frames/150.webp"));
  let answer;
  const answered = new Promise((go) => (answer = go));
  await page.route("**/check", async (route) => {
    await answered;
    await route.continue();
  });
  await desk.pick("early/frames");
  await desk.uploaded(frames);
  await page.locator("#commit:enabled").click();
  await page.locator("#commit-hint", { hasText: "The doctor looks at the frames first." }).waitFor();
  assert.equal(await page.locator("dialog").count(), 0);
  answer();
  const dialog = page.locator("dialog");
  await dialog.locator("[data-confirm]").waitFor({ timeout: PATIENCE });
  assert.match(await dialog.textContent(), /150.webp/);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.locator("#publish").count(), 0, "nothing is committed");
});

for (const [name, turn, note] of [
  ["cut_out_costs_quality", (folder) => desk.turn(folder, "frames"), /same bytes show 9 to 16 points less quality/],
  [
    "opaque_cannot_be",
    (folder) => desk.turnOnWhite(folder, "frames"),
    /cannot be made transparent: Encode would refuse/,
  ],
]) {
  test(`a_transparent_ground_of_frames_that_are_${name}_and_the_studio_says_so`, async () => {
    const page = await desk.signIn();
    const id = await desk.openSet({ metal: "platinum" });
    const noted = page.locator("#ground-cost:visible");
    const choose = async (ground) => {
      await page.locator("#ground").selectOption(ground);
      await page.locator("#settings-status", { hasText: "Saved." }).waitFor();
    };
    const frames = await turn(name);
    await desk.pick(name);
    await desk.uploaded(frames);
    await done(page);
    assert.equal(await noted.count(), 0, "white costs nothing");
    await choose("transparent");
    await noted.filter({ hasText: note }).waitFor();
    await desk.inspect(name);
    // It stays so after a reload.
    await page.reload();
    await noted.filter({ hasText: note }).waitFor();
    await choose("colour");
    assert.equal(await noted.count(), 0);
    const { settings } = await page.evaluate(async (id) => (await fetch(`/api/framesets/${id}`)).json(), id);
    assert.equal(settings.ground, "#ffffff");
  });
}

test("text_of_twice_the_size_fits_into_a_phone_and_what_is_chosen_is_seen_in_the_system_s_colours", async () => {
  const page = await desk.signIn();
  await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("large", "frames");
  await desk.pick("large");
  await desk.uploaded(frames);
  await drawn(page, frames);
  await page.emulateMedia({ forcedColors: "active" });
  const chosen = page.locator(".sheet .chosen .frame");
  assert.equal(await chosen.evaluate((frame) => getComputedStyle(frame).outlineStyle), "solid");
  await page.emulateMedia({ forcedColors: "none" });
  const set = page.url();
  const configuration = "configurations/ring.solitaire.metal-yellow-gold.stone-diamond";
  for (const width of [320, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const [at, there] of [
      [set, "#commit"],
      [new URL("/studio#/products", base).href, "#new-set"],
      [new URL(`/studio#/${configuration}`, base).href, "#version-list li"],
    ]) {
      await page.goto(at);
      await page.locator(there).first().waitFor();
      const wide = await page.evaluate(() => {
        document.documentElement.style.fontSize = "200%";
        return document.documentElement.scrollWidth;
      });
      assert.equal(wide, width, at);
    }
  }
});

test("what_is_meant_is_encoded_after_the_question_and_the_live_spin_has_lines_for_a_page", async () => {
  const page = await desk.signIn();
  await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("meant", "frames");
  desk.turn("meant", "other", "rose-gold");
  copyFileSync(path("meant/other/150.webp"), path("meant/frames/150.webp"));
  await page
    .locator("#pick-files-input")
    .setInputFiles(
      Array.from({ length: frames }, (_, index) => path("meant/frames", `${String(index * 30).padStart(3, "0")}.webp`)),
    );
  await desk.uploaded(frames);
  await done(page);
  assert.ok((await page.locator("#findings li.asks").count()) > 0);
  await page.locator("#commit:enabled").click();
  await page.locator("dialog [data-confirm]").click();
  await page.locator("#publish:enabled").waitFor({ timeout: PATIENCE });
  assert.equal(await page.locator("#put-on-page").count(), 0, "nothing is live yet");
  await page.locator("#publish").click();
  const lines = page.locator("#snippet");
  await lines.waitFor();
  const text = await lines.inputValue();
  const src = /<girasol-spin\s+src="([^"]+)"/.exec(text)[1];
  // A server keeps for a second that there was none.
  for (const start = Date.now(); (await fetch(src)).status !== 200; ) assert.ok(Date.now() - start < PATIENCE);
  assert.equal((await fetch(/<script type="module" src="([^"]+)"/.exec(text)[1])).status, 200);
  assert.equal((await fetch(/<img src="([^"]+)"/.exec(text)[1])).status, 200);
  await page.waitForFunction(() => document.querySelector("#put-on-page img")?.naturalWidth > 0);
  await page.locator("#snippet-copy").click();
  await page.locator("#announcer", { hasText: /Cop|copy/ }).waitFor();
  await desk.inspect("snippet");
});
