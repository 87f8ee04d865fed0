// From the picture to the piece: nothing jumps, and a hand that is there already turns it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { openBody, painted, sequenceOf, spinState, switchMetal } from "./spins.mjs";
import { fingersOf, touchTest } from "./touch.mjs";

const base = process.env.GIRASOL_URL;
const RING = "ring.solitaire.metal-yellow-gold.stone-diamond";
const SHEET =
  "<style>*, ::before { box-sizing: border-box } img { display: block; max-width: 100%; height: auto; margin: 8px }</style>";
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

/** A page whose manifest waits for `free()`. */
async function openHeld(body, options = {}) {
  let free;
  const held = new Promise((resolve) => (free = resolve));
  const opened = await openBody(browser, base, body, options, (page) =>
    page.route(/\/sequence/, async (route) => {
      await held;
      return route.fallback();
    }),
  );
  await opened.page.waitForFunction(() => customElements.get("girasol-spin"));
  return { ...opened, free };
}

/** Where the piece is in what the page shows, to the pixel: all that is not as white as the ground. */
async function pieceBox(page, selector = "girasol-spin") {
  const shot = (await page.locator(selector).screenshot()).toString("base64");
  return page.evaluate(async (shot) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${shot}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        if (Math.min(data[at], data[at + 1], data[at + 2]) > 200) continue;
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
      }
    return { left, top, right, bottom };
  }, shot);
}

const picture = (format) => `<img src="/still/${RING}.${format}" width="640" height="640" alt="Ring">`;
const spin = (more, inside = "") =>
  `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" ${more}>${inside}</girasol-spin>`;

for (const [name, body] of [
  ["the_readme_s_snippet", spin(`style="width: 400px"`, picture("webp"))],
  ["the_snippet_across_a_phone", spin("", picture("webp"))],
  ["the_hero_jpeg", spin(`style="width: 400px"`, picture("jpg"))],
  ["a_shop_s_sheet", SHEET + spin(`style="width: 400px"`, picture("webp"))],
  ["a_poster", spin(`style="width: 400px" poster="/still/${RING}.avif"`)],
  ["a_wide_element", spin(`width="480" height="320"`, picture("webp"))],
  ["a_tall_element", spin(`width="320" height="480"`, picture("webp"))],
  ["a_height_of_the_page_s", spin(`style="width: 380px; height: 240px"`, picture("webp"))],
  ["a_greatest_height", spin(`width="380" height="380" style="max-height: 240px"`, picture("webp"))],
  ["a_least_height", spin(`style="min-height: 500px"`, picture("webp"))],
  ["proportions_of_the_page_s", spin(`style="aspect-ratio: 3 / 2" poster="/still/${RING}.avif"`)],
  ["a_border_and_padding", spin(`style="border: 5px solid #eee; padding: 0 30px 20px 5px"`, picture("webp"))],
]) {
  test(`the_piece_stays_where_it_is_when_its_first_frame_comes_in_${name}`, async () => {
    const { page, free, close } = await openHeld(body, { viewport: { width: 390, height: 844 } });
    await page.waitForFunction(() => {
      const { shadowRoot } = document.querySelector("girasol-spin");
      const picture = document.querySelector("girasol-spin img") ?? shadowRoot.querySelector("[part=poster]");
      return picture.complete && picture.naturalWidth > 0;
    });
    const [still, box] = [await pieceBox(page), await page.locator("girasol-spin").boundingBox()];
    assert.ok(still.right - still.left > 100, JSON.stringify(still));
    free();
    await spinState(page, "standard");
    await painted(page);
    assert.deepEqual(await page.locator("girasol-spin").boundingBox(), box);
    const frame = await pieceBox(page);
    // The encoders of a still and of a frame may disagree about the shade of one edge.
    for (const side of Object.keys(still))
      assert.ok(Math.abs(frame[side] - still[side]) <= 1, `${side}: ${still[side]} and ${frame[side]}`);
    await close();
  });
}

for (const style of [
  "width: 360px; height: 200px",
  "width: 360px; height: 500px",
  "width: 360px; max-height: 200px",
  "width: 360px; min-height: 500px",
  "width: 360px; aspect-ratio: 2",
  "width: 360px; aspect-ratio: 1 / 2; max-height: 70vh",
  "width: 360px; height: 200px; padding: 10px 30px 20px 5px; border: 5px solid #eee; box-sizing: border-box",
  "width: auto; height: 200px",
  "width: auto; height: 200px; max-width: 150px",
  "position: absolute; left: 20px; width: 300px; height: 150px",
  "float: left; max-height: 120px",
]) {
  test(`the_piece_is_whole_in_its_box_as_a_picture_is_that_is_contained: ${style}`, async () => {
    const wrapped = (child) => `<div style="width: 600px; height: 600px; overflow: auto">${child}</div>`;
    // As pages are that let pictures shrink: the height follows, unless it is set.
    const sheet = "<style>#piece { display: block; object-fit: contain; height: auto; max-width: 100% }</style>";
    const { view } = await (await fetch(new URL(sequenceOf("yellow-gold"), base))).json();
    const [, , width, height] = view.crop;
    const sizes = `width="${width}" height="${height}" id="piece" style="${style}"`;
    const boxOf = async (child, isThere) => {
      const { page, close } = await openBody(browser, base, sheet + wrapped(child));
      await isThere(page);
      await painted(page);
      const box = await page.locator("#piece").boundingBox();
      const piece = await pieceBox(page, "#piece");
      const scrolls = await page
        .locator("div")
        .first()
        .evaluate(({ scrollWidth, scrollHeight }) => [scrollWidth, scrollHeight]);
      await close();
      return { box, piece, scrolls };
    };
    const image = await boxOf(`<img src="/still/${RING}.webp" alt="Ring" ${sizes}>`, (page) =>
      page.waitForFunction(() => document.querySelector("img").naturalWidth > 0),
    );
    const spun = await boxOf(spin(sizes), (page) => spinState(page, "standard"));
    assert.deepEqual([spun.box, spun.scrolls], [image.box, image.scrolls]);
    for (const side of Object.keys(image.piece))
      assert.ok(Math.abs(spun.piece[side] - image.piece[side]) <= 1, JSON.stringify([spun.piece, image.piece]));
  });
}

test("metals_that_were_cropped_differently_stand_alike", async () => {
  let tall;
  const { page, close } = await openBody(browser, base, spin(`style="width: 400px"`), {}, (page) =>
    page.route(/platinum.*\/sequence/, async (route) => {
      const manifest = await (await route.fetch()).json();
      // As if the artist had left 10 pixels more at the left.
      const [left, top, width, height] = manifest.view.crop;
      tall = height;
      return route.fulfill({
        json: { ...manifest, view: { ...manifest.view, crop: [left - 10, top, width + 10, height] } },
      });
    }),
  );
  await spinState(page, "standard");
  const canvas = () => page.locator("girasol-spin canvas").first().boundingBox();
  const before = await canvas();
  await switchMetal(page, "platinum");
  const after = await canvas();
  const pixel = before.height / tall;
  assert.ok(Math.abs(before.x - after.x - 10 * pixel) < 0.1 && Math.abs(before.y - after.y) < 0.01);
  await close();
});

for (const [hand, options] of [
  ["mouse", {}],
  ["finger", { hasTouch: true, isMobile: true }],
]) {
  (hand === "finger" ? touchTest : test)(
    `a_drag_by_${hand}_that_begins_on_the_still_turns_as_soon_as_there_is_something_to_turn`,
    async () => {
      const { page, errors, free, close } = await openHeld(spin(`style="width: 360px"`, picture("webp")), {
        ...options,
        reducedMotion: "reduce",
      });
      await page.waitForFunction(() => document.querySelector("img").naturalWidth > 0);
      const touch = hand === "finger" && (await fingersOf(page));
      const at = (x) => (hand === "mouse" ? page.mouse.move(x, 200) : touch("touchMove", [{ x, y: 200 }]));
      if (hand === "mouse") {
        await page.mouse.move(100, 200);
        await page.mouse.down();
      } else await touch("touchStart", [{ x: 100, y: 200 }]);
      for (let x = 105; x <= 160; x += 5) await at(x);
      free();
      await spinState(page, "standard");
      const turned = (to) =>
        page.waitForFunction((to) => Math.round(document.querySelector("girasol-spin").angle) === to, to);
      // What the hand has gone counts from the hero.
      await turned(60);
      for (let x = 165; x <= 190; x += 5) await at(x);
      await turned(90);
      await painted(page);
      assert.equal(await page.evaluate(() => document.querySelector("girasol-spin").displayedDegree), 90);
      if (hand === "mouse") await page.mouse.up();
      else await touch("touchEnd");
      assert.deepEqual(errors, []);
      await close();
    },
  );
}
