// An artist's desk for tests of the studio: a browser that is signed in, folders of frames, and sets to send them to.
// GIRASOL_URL names the server and GIRASOL_KEY a key of an artist's; SCREENSHOTS a folder for pictures.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, openPage } from "./browser.mjs";

const base = process.env.GIRASOL_URL;
const key = process.env.GIRASOL_KEY;
const shots = process.env.SCREENSHOTS;
const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const PATIENCE = 4 * 60_000;

export async function openDesk() {
  assert.ok(base && key, "GIRASOL_URL and GIRASOL_KEY must name the server and an artist's key");
  if (shots) mkdirSync(shots, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "girasol-desk-"));
  const browser = await launch();
  let sets = 0;
  const desk = {
    folder,
    opened: undefined,
    page: undefined,

    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },

    /** Opens the studio in a context of its own, signed in. */
    async signIn(options = {}, prepare = async () => {}) {
      await desk.opened?.close();
      desk.opened = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
      const { page, context } = desk.opened;
      desk.page = page;
      page.setDefaultTimeout(60_000);
      await prepare(context);
      await page.goto(new URL("/studio", base).href);
      await page.locator("#key").fill(key);
      await page.keyboard.press("Enter");
      await page.locator("body.signed-in #new-set").waitFor();
      return page;
    },

    /** Opens a new set of a product of its own, and its page. */
    async openSet(choices, model = `desk-${Date.now().toString(36)}-${++sets}`) {
      const id = await desk.page.evaluate(
        async ([product, choices]) => {
          const headers = { "content-type": "application/json" };
          const body = JSON.stringify({ product, choices });
          return (await (await fetch("/api/framesets", { method: "POST", headers, body })).json()).id;
        },
        [`ring.${model}`, choices],
      );
      await desk.page.goto(new URL(`/studio#/sets/${id}`, base).href);
      await desk.page.locator("#pick-folder-input").waitFor({ state: "attached" });
      return id;
    },

    /** Every third frame of a sample ring, in a folder below `parent`, and how many they are. */
    turn(parent, name, of = "platinum", every = 3) {
      const renders = join(folder, parent, name);
      mkdirSync(renders, { recursive: true });
      const frames = readdirSync(join(fixtures, `ring-${of}`)).filter((_, index) => index % every === 0);
      for (const frame of frames) copyFileSync(join(fixtures, `ring-${of}`, frame), join(renders, frame));
      return frames.length;
    },

    /** The same frames, which are cut out, laid on white. */
    async turnOnWhite(parent, name) {
      const frames = desk.turn(parent, name);
      for (const frame of readdirSync(join(folder, parent, name))) {
        const path = join(folder, parent, name, frame);
        const jpeg = await desk.page.evaluate(async (frame) => {
          const picture = Object.assign(new Image(), { src: `data:image/webp;base64,${frame}` });
          await picture.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [picture.width, picture.height];
          const context = canvas.getContext("2d");
          context.fillStyle = "#fff";
          context.fillRect(0, 0, canvas.width, canvas.height);
          context.drawImage(picture, 0, 0);
          return canvas.toDataURL("image/jpeg", 0.95).split(",")[1];
        }, readFileSync(path).toString("base64"));
        rmSync(path);
        writeFileSync(path.replace(/webp$/, "jpg"), Buffer.from(jpeg, "base64"));
      }
      return frames;
    },

    /** The frames of a set as the server has them: digests by name. */
    async frames(id) {
      const set = await desk.page.evaluate(async (id) => (await fetch(`/api/framesets/${id}`)).json(), id);
      return Object.fromEntries(set.files.map(({ name, digest }) => [name, digest]));
    },

    async pick(...path) {
      await desk.page.locator("#pick-folder-input").setInputFiles(join(folder, ...path));
    },

    async uploaded(frames) {
      await desk.page.waitForFunction(
        (frames) => {
          const rows = [...document.querySelectorAll("#files li")];
          return rows.length === frames && rows.every((row) => row.dataset.state === "done");
        },
        frames,
        { timeout: PATIENCE },
      );
    },

    /** Saves a screenshot, if wanted, and collects the findings of axe in both themes. */
    async inspect(name) {
      const { page } = desk;
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        if (shots) await page.screenshot({ path: join(shots, `studio-${name}-${colorScheme}.png`), fullPage: true });
        await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run());
        const told = violations.map(
          ({ id, nodes }) => `${name}, ${colorScheme}: ${id} ${nodes.map(({ html }) => html)}`,
        );
        assert.deepEqual(told, []);
      }
      await page.emulateMedia({ colorScheme: null });
    },

    /** Holds uploads back behind a gate: the first `free` files pass, the others wait until it is opened. */
    async gate(free) {
      let open;
      const opening = new Promise((resolve) => (open = resolve));
      let passed = 0;
      await desk.opened.context.route("**/api/uploads**", async (route) => {
        if (route.request().method() === "POST" && ++passed > free) await opening;
        await route.continue().catch(() => {});
      });
      return open;
    },
  };
  return desk;
}
