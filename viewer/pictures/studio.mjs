// The studio: a version, the contact sheet of a turn that was just dropped, the doctor's findings, and two versions compared.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { artist, publish } from "../e2e/publish.mjs";

const ring = fileURLToPath(new URL("../../fixtures/solitaire-rose-gold/", import.meta.url));
const RING = "ring.solitaire.metal-yellow-gold.stone-diamond";
const DESK = { viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" };

async function signIn(page, { url, key }) {
  await page.goto(new URL("/studio", url).href);
  await page.locator("#key").fill(key);
  await page.keyboard.press("Enter");
  await page.locator("#new-set").waitFor();
}

/** Turns what a page shows to an angle, once all of it is there. */
async function turn(page, spin, angle) {
  await page.locator(`${spin}[data-state="hd"]`).waitFor({ timeout: 0 });
  await page.locator(spin).evaluate((spin, angle) => spin.spinTo(angle), angle);
}

/** Opens a new set in the studio, and drops the frames of a sample ring into it that `isTaken` takes. */
async function drop(page, demo, isTaken) {
  const { url } = demo;
  await signIn(page, demo);
  const id = await page.evaluate(async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ product: "ring.evening", choices: { metal: "rose-gold" }, newChoices: true });
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
    file: "studio.jpg",
    options: { ...DESK, viewport: { width: 1200, height: 1180 } },
    async take(page, demo) {
      await signIn(page, demo);
      // The demo may have been started just now, and encodes the whole turn after the preview.
      const live = async () =>
        (await fetch(new URL(`/api/products/customizable/${RING}/sequence?tier=hd`, demo.url))).ok;
      while (!(await live())) await page.waitForTimeout(500);
      await page.goto(new URL(`/studio#/configurations/${RING}`, demo.url).href);
      await turn(page, "#spin", 42);
      await page.locator("#plot-quality canvas").waitFor();
    },
  },
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
  {
    file: "studio-compare.jpg",
    options: DESK,
    async take(page, demo) {
      // The gold came out too red, and was rendered once more.
      const choices = { metal: "yellow-gold" };
      const versions = [];
      for (const metal of ["rose-gold", "yellow-gold"]) {
        const configuration = await publish("ring.dawn", choices, metal);
        // The first version of all may be the preview that came early.
        versions.push((await artist("GET", `/api/sequences/${configuration}`)).live);
      }
      await signIn(page, demo);
      const compared = `/studio#/configurations/ring.dawn.metal-yellow-gold/compare/${versions.join("/")}`;
      await page.goto(new URL(compared, demo.url).href);
      await turn(page, "#spin-2", 30);
      await turn(page, "#spin-1", 30);
      await page.evaluate(() => scrollTo(0, 0));
    },
  },
];
