// What the element follows of its page: its language, later fragments, a move to another document, and a <picture> inside.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { METALS, openBody, painted, sequenceOf, spinState, switched } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const src = sequenceOf(METALS[0]);
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

const spinOf = (more = "", inside = "") =>
  `<girasol-spin src="${src}" style="width:400px" alt="Ring" ${more}>${inside}</girasol-spin>`;
const button = (page, name) => page.locator("girasol-spin").getByRole("button", { name, exact: true });
const angle = (page) => page.evaluate(() => document.querySelector("girasol-spin").angle);

test("words_are_those_of_the_nearest_lang_and_a_shop_s_own_come_first", async () => {
  const asked = [];
  const { page, errors, close } = await openBody(
    browser,
    base,
    `<div lang="de-AT">${spinOf("controls")}</div>`,
    {},
    async (page) => page.on("request", (request) => asked.push(request.url())),
  );
  await spinState(page, "standard");
  await button(page, "Vergrößern").waitFor();
  const slider = page.locator("girasol-spin").getByRole("slider");
  assert.match(await slider.getAttribute("aria-valuetext"), /^\d+ Grad$/);
  await page.evaluate(() => (customElements.get("girasol-spin").words = { larger: "Näher" }));
  await button(page, "Näher").waitFor();
  await button(page, "Verkleinern").waitFor();
  for (const [lang, name] of [
    ["fr", "Plein écran"],
    ["zh-TW", "全螢幕"],
    ["no", "Fullskjerm"],
    ["x", "Full screen"],
    ["tlh", "Full screen"],
    ["pt-PT", "Ecrã inteiro"],
    ["ar", "ملء الشاشة"],
    ["en-GB", "Full screen"],
  ]) {
    await page.evaluate((lang) => (document.querySelector("div").lang = lang), lang);
    await button(page, name).waitFor();
    await button(page, "Näher").waitFor();
  }
  assert.equal(asked.filter((url) => url.endsWith("/girasol-spin.words.js")).length, 1);
  assert.deepEqual(errors, []);
  await close();
});

test("a_message_is_in_the_page_s_language_and_pages_in_english_fetch_no_words", async () => {
  const missing = src.replace(METALS[0], "tin");
  for (const [lang, text] of [
    ["pl", "Nie ma jeszcze widoku 360° tego wyrobu."],
    ["en", "There is no 360° view of this piece yet."],
  ]) {
    const asked = [];
    const { page, close } = await openBody(
      browser,
      base,
      `<div lang="${lang}"><girasol-spin src="${missing}" style="width:400px"></girasol-spin></div>`,
      {},
      async (page) => page.on("request", (request) => asked.push(request.url())),
    );
    await page.getByText(text).waitFor();
    assert.equal(asked.filter((url) => url.endsWith(".words.js")).length, lang === "en" ? 0 : 1, lang);
    await close();
  }
});

test("a_fragment_that_changes_later_is_followed_where_the_spin_is_shared", async () => {
  for (const [more, followed] of [
    ["share", true],
    ["", false],
  ]) {
    const { page, errors, close } = await openBody(browser, base, spinOf(more), { hash: "#angle=30" });
    await spinState(page, "standard");
    await page.waitForFunction(() => document.querySelector("girasol-spin").shadowRoot.querySelector(".spots"));
    const before = await angle(page);
    const follow = () => page.evaluate(() => (location.hash = "#angle=90&metal=platinum"));
    if (followed) {
      await switched(page, follow);
      assert.equal(await angle(page), 90);
      await page.goBack();
      await page.waitForFunction((to) => document.querySelector("girasol-spin").angle === to, before);
    } else {
      await follow();
      await painted(page);
      assert.equal(await angle(page), before);
    }
    assert.deepEqual(errors, []);
    await close();
  }
});

test("a_piece_that_moves_to_another_document_keeps_its_style_and_turns_there", async () => {
  for (const kind of ["frame", "window"]) {
    const { page, close } = await openBody(
      browser,
      base,
      `${spinOf("controls")}<iframe width="500" height="500"></iframe>`,
    );
    await spinState(page, "standard");
    await page.waitForFunction(() => document.querySelector("girasol-spin").shadowRoot.querySelector(".spots"));
    const look = await page.evaluate(async (kind) => {
      const spin = document.querySelector("girasol-spin");
      const other =
        kind === "frame"
          ? document.querySelector("iframe").contentWindow
          : open("about:blank", "", "width=500,height=500");
      other.document.body.append(spin);
      const { position, overflow } = other.getComputedStyle(spin.shadowRoot.querySelector(".stage"));
      const controls = other.getComputedStyle(spin.shadowRoot.querySelector(".controls")).position;
      const { width, height } = spin.getBoundingClientRect();
      window.spin = spin;
      return { position, overflow, controls, width, height };
    }, kind);
    assert.deepEqual(
      look,
      { position: "absolute", overflow: "hidden", controls: "absolute", width: 400, height: look.height },
      kind,
    );
    assert.ok(look.height > 300, kind);
    await page.waitForFunction(() => window.spin.dataset.state === "standard");
    await close();
  }
});

test("a_picture_element_lies_where_an_image_would_and_the_piece_does_not_jump", async () => {
  const still = `/still/ring.solitaire.metal-${METALS[0]}.stone-diamond`;
  const image = `<img src="${still}.webp" width="640" height="640" alt="Ring">`;
  const boxes = [];
  for (const inside of [image, `<picture><source srcset="${still}.avif" type="image/avif">${image}</picture>`]) {
    const { page, errors, close } = await openBody(
      browser,
      base,
      `<style>img { max-width: 50%; height: auto; border: 3px solid }</style>${spinOf("", inside)}`,
      {},
      async (page) => page.route(/sequence/, () => {}),
    );
    await page.waitForFunction(() => document.querySelector("girasol-spin")?.matches(":defined"));
    await page.waitForFunction(() => document.querySelector("girasol-spin img").complete);
    boxes.push(
      await page.evaluate(() => {
        const [outer, inner] = ["girasol-spin", "girasol-spin img"].map((name) =>
          document.querySelector(name).getBoundingClientRect().toJSON(),
        );
        const { objectFit } = getComputedStyle(document.querySelector("girasol-spin img"));
        return { outer, inner, objectFit };
      }),
    );
    assert.deepEqual(errors, []);
    await close();
  }
  assert.deepEqual(boxes[1], boxes[0]);
  assert.equal(boxes[0].objectFit, "contain");
});
