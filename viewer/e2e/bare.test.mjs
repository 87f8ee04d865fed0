// Bare packs: what is put together of them is shown, and where it cannot be decoded, whole packs take their place.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openFront, openPage } from "./browser.mjs";
import { painted, pixelsOf, sequenceOf, spinState, wholeManifest } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
let browser;
let front;
let requested = [];
/** Addresses of packs that arrive damaged. */
let damaged = [];

before(async () => {
  browser = await launch();
  front = await openFront(base, (asked, answer, pass) => {
    requested.push(asked.url);
    if (asked.url === "/shop") {
      const html = `<!doctype html><html lang="en"><title>Shop</title><script type="module" src="/girasol-spin.js"></script>
        <girasol-spin src="${sequenceOf("rose-gold")}" tier="standard" width="400" height="400" alt="Ring"></girasol-spin>`;
      answer.writeHead(200, { "Content-Type": "text/html", "Cache-Control": "no-store" }).end(html);
    } else if (damaged.includes(asked.url)) {
      pass(async (from) => {
        const body = Buffer.concat(await from.toArray());
        answer.writeHead(from.statusCode, from.headers).end(body.map((byte) => byte ^ 0x55));
      });
    } else pass();
  });
});
afterEach(() => {
  [requested, damaged] = [[], []];
});
after(async () => {
  await browser?.close();
  front?.close();
});

const addressesOf = (packs) => packs.map((pack) => `/p/${pack}.pack`);

/** What the live manifest has of standard in AVIF. */
async function standard() {
  const manifest = await wholeManifest(base, "rose-gold", "?tier=standard&format=avif");
  const { set, packs, bare } = manifest.tiers.standard.formats.avif;
  return { set, hero: manifest.hero, whole: addressesOf(packs.map(({ pack }) => pack)), bare: addressesOf(bare.packs) };
}

async function visit() {
  const { page, close } = await openPage(browser, { viewport: { width: 800, height: 900 } });
  await page.goto(`${front.url}/shop`);
  await spinState(page, "standard");
  await painted(page);
  return { page, close };
}

const asked = (start) => requested.filter((url) => url.startsWith(start));

/** The pixels of a single frame's file, as `pixelsOf` has those of the canvas. */
const pixelsAt = (page, address) =>
  page.evaluate(async (address) => {
    const picture = await createImageBitmap(await (await fetch(address)).blob());
    const whole = document.createElement("canvas");
    [whole.width, whole.height] = [picture.width, picture.height];
    whole.getContext("2d").drawImage(picture, 0, 0);
    const small = document.createElement("canvas");
    small.width = small.height = 48;
    const context = small.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 48, 48);
    context.drawImage(whole, 0, 0, 48, 48);
    return [...context.getImageData(0, 0, 48, 48).data];
  }, address);

test("a_spin_is_loaded_in_bare_packs_alone_and_shows_the_very_frames", async () => {
  const { set, hero, bare } = await standard();
  const { page, close } = await visit();
  assert.deepEqual(asked("/p/").sort(), bare.sort());
  assert.deepEqual(asked("/s/"), []);
  const file = `/s/${set}/${String(hero).padStart(3, "0")}.avif`;
  assert.deepEqual(await pixelsOf(page), await pixelsAt(page, file));
  await close();
});

test("where_what_was_put_together_cannot_be_decoded_whole_packs_are_loaded", async () => {
  const { whole, bare } = await standard();
  damaged = bare;
  const { close } = await visit();
  const packs = asked("/p/");
  assert.ok(packs.includes(bare[0]));
  assert.deepEqual(packs.filter((url) => whole.includes(url)).sort(), whole.sort());
  assert.ok(
    requested.filter((url) => url.includes("/sequence")).every((url) => url.includes("format=avif")),
    "AVIF is not given up",
  );
  await close();
});
