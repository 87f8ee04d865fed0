// The studio: the contact sheet of a turn that was just dropped, and the doctor's findings.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ring = fileURLToPath(new URL("../../fixtures/ring-rose-gold/", import.meta.url));
const DESK = { viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" };

/** Opens a new set in the studio, and drops the frames of a sample ring into it that `isTaken` takes. */
async function drop(page, { url, key }, isTaken) {
  await page.goto(new URL("/studio", url).href);
  await page.locator("#key").fill(key);
  await page.keyboard.press("Enter");
  await page.locator("#new-set").waitFor();
  const id = await page.evaluate(async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ product: "ring.evening", choices: { metal: "rose-gold" } });
    return (await (await fetch("/api/framesets", { method: "POST", headers, body })).json()).id;
  });
  await page.goto(new URL(`/studio#/sets/${id}`, url).href);
  const frames = readdirSync(ring).sort().filter(isTaken);
  await page.locator("#pick-files-input").setInputFiles(frames.map((name) => ring + name));
  const drawn = (frames) =>
    document.querySelectorAll("#contact-sheet [data-picture=here]").length === frames &&
    [...document.querySelectorAll("#files li")].every(({ dataset }) => dataset.state === "done");
  await page.waitForFunction(drawn, frames.length, { timeout: 0 });
  await page.locator('#doctor[data-state="done"]').waitFor({ timeout: 0 });
}

export const pictures = [
  {
    file: "studio-sheet.jpg",
    options: DESK,
    async take(page, demo) {
      await drop(page, demo, () => true);
      await page.locator('.sheet [data-name="020.webp"] button').click();
      await page.evaluate(() => scrollTo(0, 0));
    },
  },
  {
    file: "studio-findings.jpg",
    options: DESK,
    async take(page, demo) {
      await drop(page, demo, (name) => name !== "120.webp");
      await page.waitForFunction(() => document.querySelector("#findings img")?.naturalWidth > 0, null, { timeout: 0 });
      await page.evaluate(() => scrollTo(0, 0));
    },
  },
];
