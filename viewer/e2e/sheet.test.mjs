// What an artist does with the frames of a set before they are encoded, in Chromium against a running server: turns them; and
// at the end the lines for a page. GIRASOL_URL and GIRASOL_KEY as for studio.test.mjs; SCREENSHOTS a folder for pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openDesk, PATIENCE } from "./desk.mjs";

let desk;

before(async () => (desk = await openDesk()));
after(() => desk?.close());

const done = (page) => page.locator('#doctor[data-state="done"]').waitFor({ timeout: PATIENCE });
const drawn = (page, frames) =>
  page.waitForFunction(
    (frames) => document.querySelectorAll("#contact-sheet [data-picture=here]").length === frames,
    frames,
    { timeout: PATIENCE },
  );

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
  await page.waitForFunction(() => document.querySelector("#start").value === "260");
  // The hero is the same frame, which stands at 0 degrees now.
  assert.equal(await page.locator("#hero").inputValue(), "0");
  assert.match(await page.locator(".sheet .chosen .caption").textContent(), /100.webp · 0° · hero/);
  const { settings } = await page.evaluate(async (id) => (await fetch(`/api/framesets/${id}`)).json(), id);
  assert.deepEqual([settings.hero, settings.start], [0, 260]);
  await done(page);
  await desk.inspect("contact-sheet");
});

test("a_live_spin_has_lines_for_a_page", async () => {
  const page = await desk.signIn();
  await desk.openSet({ metal: "platinum" });
  const frames = desk.turn("live", "frames");
  await desk.pick("live");
  await desk.uploaded(frames);
  await done(page);
  await page.locator("#commit:enabled").click();
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
  await page.waitForFunction(() => document.querySelector("#put-on-page img")?.naturalWidth > 0);
  await page.locator("#snippet-copy").click();
  await page.locator("#announcer", { hasText: /Cop|copy/ }).waitFor();
  await desk.inspect("snippet");
});
