// What engines differ in, in WebKit: sizes, the still's place, the top layer, pointers.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { openFront } from "./browser.mjs";
import { sequenceOf } from "./spins.mjs";
import { launchWebKit } from "./webkit.mjs";

const base = process.env.GIRASOL_URL;
const RING = "ring.solitaire.metal-yellow-gold.stone-diamond";
const ESCAPE = "\uE00C";
let page;
let front;
let body;
/** Answers that wait until a test lets them go. */
let held;
/** Packs and frames that were requested. */
let requested = [];

before(async () => {
  front = await openFront(base, (asked, answer, pass) => {
    if (/^\/[ps]\//.test(asked.url)) requested.push(asked.url);
    if (asked.url.startsWith("/shop")) {
      const html = `<!doctype html><html lang="en"><title>Shop</title><style>body { margin: 0 }</style>${body}<script type="module" src="/girasol-spin.js"></script>`;
      answer.writeHead(200, { "Content-Type": "text/html", "Cache-Control": "no-store" }).end(html);
    } else if (held && asked.url.includes("/sequence")) held.push(pass);
    else pass();
  });
  page = await launchWebKit();
});
afterEach(() => {
  held = undefined;
});
after(async () => {
  await page?.close();
  front?.close();
});

const spin = (more = "", inside = "") =>
  `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" ${more}>${inside}</girasol-spin>`;
const picture = (format) => `<img src="/still/${RING}.${format}" width="640" height="640" alt="Ring">`;

async function open(html) {
  body = html;
  await page.goto(`${front.url}/shop`);
  await page.until(() => !!customElements.get("girasol-spin"));
}

const whole = () => page.until(() => document.querySelector("girasol-spin").dataset.state === "standard");
const isFull = (is) => page.until((is) => document.querySelector("girasol-spin").hasAttribute("data-full") === is, is);
const box = () =>
  page.evaluate(() => {
    const { width, height } = document.querySelector("girasol-spin").getBoundingClientRect();
    return [width, height];
  });

/** Where the piece is in a picture of the page, which holds nothing else. */
async function pieceBox() {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const shot = await page.shoot();
  await page.evaluate((shot) => {
    window.piece = undefined;
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, image.width, image.height);
      context.drawImage(image, 0, 0);
      const { data, width } = context.getImageData(0, 0, image.width, image.height);
      const dark = [];
      for (let at = 0; at < data.length; at += 4)
        if (Math.min(data[at], data[at + 1], data[at + 2]) <= 200) dark.push(at / 4);
      const columns = dark.map((index) => index % width).sort((one, other) => one - other);
      window.piece = [columns[0], columns.at(-1), Math.floor(dark[0] / width), Math.floor(dark.at(-1) / width)];
    };
    image.src = `data:image/png;base64,${shot}`;
  }, shot);
  return page.until(() => window.piece);
}

test("it_is_as_large_as_an_image_of_its_attributes", async () => {
  for (const style of [
    "display: flex",
    "display: grid",
    "display: inline-block",
    "float: left",
    "position: absolute",
  ]) {
    await open(`<div style="${style}">${spin(`width="400" height="300"`)}</div>`);
    assert.deepEqual(await box(), [400, 300], style);
  }
  await open(`<div style="width: 200px">${spin(`width="1" height="1"`)}</div>`);
  assert.deepEqual(await box(), [200, 200]);
});

for (const format of ["webp", "jpg"]) {
  test(`the_piece_stays_where_its_${format}_was`, async () => {
    held = [];
    await open(spin(`style="width: 400px"`, picture(format)));
    await page.until(() => document.querySelector("img").naturalWidth > 0);
    await page.evaluate(() => document.querySelector("img").decode());
    const still = await pieceBox();
    for (const pass of held.splice(0)) pass();
    held = undefined;
    await whole();
    await page.until(() => document.querySelector("girasol-spin").displayedDegree === 0);
    const frame = await pieceBox();
    for (const [side, at] of still.entries()) assert.ok(Math.abs(at - frame[side]) <= 1, `${still} and ${frame}`);
  });
}

test("the_piece_is_whole_in_the_box_that_styles_make_as_a_picture_is_that_is_contained", async () => {
  const sheet = "<style>#piece { display: block; object-fit: contain; height: auto }</style>";
  const { view } = await (await fetch(new URL(sequenceOf("yellow-gold"), base))).json();
  const [, , width, height] = view.crop;
  for (const style of [
    "width: 360px; height: 200px",
    "width: 360px; height: 500px",
    "width: 360px; max-height: 200px",
    "width: 360px; min-height: 500px",
    "width: 360px; aspect-ratio: 2",
    "width: auto; height: 200px",
    "width: 360px; height: 200px; padding: 10px 30px 20px 5px; border: 5px solid #eee; box-sizing: border-box",
  ]) {
    const sizes = `width="${width}" height="${height}" id="piece" style="${style}"`;
    const both = async () => {
      const { x, y, width, height } = await page.evaluate(() =>
        document.querySelector("#piece").getBoundingClientRect().toJSON(),
      );
      return [x, y, width, height, ...(await pieceBox())];
    };
    await open(`${sheet}<img src="/still/${RING}.webp" alt="Ring" ${sizes}>`);
    await page.until(() => document.querySelector("img").naturalWidth > 0);
    await page.evaluate(() => document.querySelector("img").decode());
    const image = await both();
    await open(sheet + spin(sizes));
    await whole();
    await page.until(() => document.querySelector("girasol-spin").displayedDegree === 0);
    const spun = await both();
    for (const [index, at] of image.entries())
      assert.ok(Math.abs(at - spun[index]) <= 1, `${style}: ${image} and ${spun}`);
  }
});

test("a_drag_on_a_page_that_is_mirrored_or_turned_turns_as_the_hand_goes", async () => {
  for (const [transform, to] of [
    ["scaleX(-1)", [-100, 0]],
    ["rotate(180deg)", [-100, 0]],
    ["rotate(90deg)", [0, 100]],
  ]) {
    await open(`<div style="width: 400px; transform: ${transform}">${spin()}</div>`);
    await whole();
    await page.drag([0, 0.25, 0.5, 0.75, 1].map((share) => [200 + share * to[0], 200 + share * to[1]]));
    await page.until(() => document.querySelector("girasol-spin").angle >= 90);
    assert.ok((await page.evaluate(() => document.querySelector("girasol-spin").angle)) < 180, transform);
  }
});

test("a_drag_that_begins_on_the_still_turns_and_drags_no_picture", async () => {
  await open(spin(`style="width: 400px"`, picture("webp")));
  await page.until(() => document.querySelector("img").naturalWidth > 0);
  await page.drag([
    [100, 200],
    [130, 200],
    [160, 200],
    [200, 200],
  ]);
  await whole();
  await page.until(() => document.querySelector("girasol-spin").angle >= 60);
});

test("a_page_is_filled_above_a_transformed_parent_and_left_by_key_button_and_back", async () => {
  await open(`<script>delete Element.prototype.requestFullscreen; delete Element.prototype.webkitRequestFullscreen;</script>
    <div style="transform: translateX(0); width: 300px">${spin("controls")}</div><div style="height: 3000px"></div>`);
  await whole();
  await page.until(() => !!document.querySelector("girasol-spin").shadowRoot.querySelector(".spots"));
  // By a real press: WebKit's Back passes over entries of the history that no visitor has asked for.
  const fill = async () => {
    const place = await page.evaluate(() => {
      const button = document.querySelector("girasol-spin").shadowRoot.querySelector("[part~=full]");
      const { x, y, width, height } = button.getBoundingClientRect();
      return [Math.round(x + width / 2), Math.round(y + height / 2)];
    });
    await page.drag([place, place]);
    await isFull(true);
    await page.until(() => document.querySelector("girasol-spin").matches(":popover-open"));
  };
  await fill();
  const viewport = await page.evaluate(() => [innerWidth, innerHeight]);
  assert.deepEqual(await box(), viewport);
  await page.press(ESCAPE);
  await isFull(false);
  assert.deepEqual(await box(), [300, 300]);
  await fill();
  await page.evaluate(() => document.querySelector("girasol-spin").shadowRoot.querySelector(".close").click());
  await isFull(false);
  await page.until(() => !history.state?.girasol);
  await fill();
  await page.back();
  await isFull(false);
  assert.match(await page.evaluate(() => location.pathname), /^\/shop/);
});

test("frames_that_are_put_together_of_bare_packs_are_shown", async () => {
  const manifest = await (await fetch(new URL(`${sequenceOf("yellow-gold")}?tier=standard&format=avif`, base))).json();
  const { set, bare } = manifest.tiers.standard.formats.avif;
  requested = [];
  await open(spin(`style="width: 400px" tier="standard"`));
  await whole();
  assert.deepEqual([...new Set(requested)].sort(), bare.packs.map((pack) => `/p/${pack}.pack`).sort());
  const file = `/s/${set}/${String(manifest.hero).padStart(3, "0")}.avif`;
  await page.evaluate((file) => {
    const pixels = (picture) => {
      const small = document.createElement("canvas");
      small.width = small.height = 48;
      const context = small.getContext("2d");
      context.drawImage(picture, 0, 0, 48, 48);
      return context.getImageData(0, 0, 48, 48).data.join();
    };
    window.isSame = undefined;
    const image = new Image();
    image.onload = () => {
      const shown = document.querySelector("girasol-spin").shadowRoot.querySelector("canvas");
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [image.width, image.height];
      copy.getContext("2d").drawImage(image, 0, 0);
      window.isSame = pixels(shown) === pixels(copy);
    };
    image.src = file;
  }, file);
  await page.until(() => window.isSame);
});

test("hotspots_follow_the_zoom", async () => {
  const points = JSON.stringify([0, 360].map((degree) => ({ degree, x: 0.4, y: 0.3 })));
  await open(
    spin(`style="width: 400px"`, `<button slot="hotspot" type="button" data-points='${points}'>Stone</button>`),
  );
  await whole();
  const share = () =>
    page.evaluate(() => {
      const spot = document.querySelector("button").getBoundingClientRect();
      const piece = document.querySelector("girasol-spin").shadowRoot.querySelector("canvas").getBoundingClientRect();
      return [(spot.x + spot.width / 2 - piece.x) / piece.width, (spot.y + spot.height / 2 - piece.y) / piece.height];
    });
  await page.until(() => document.querySelector("button").style.left === "40%");
  const before = await share();
  await page.evaluate(() => document.querySelector("girasol-spin").focus());
  await page.press("+");
  await page.until(
    () =>
      document
        .querySelector("girasol-spin")
        .shadowRoot.querySelector(".frame")
        .style.getPropertyValue("--girasol-zoom") > 1.4,
  );
  const after = await share();
  for (const side of [0, 1]) assert.ok(Math.abs(before[side] - after[side]) < 0.005, `${before} and ${after}`);
});
