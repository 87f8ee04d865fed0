// Full screen: in and out by touch alone, by keys alone, and where the browser gives the screen to videos only.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isFirefox, launch } from "./browser.mjs";
import { openBody, painted, sequenceOf, spinState } from "./spins.mjs";
import { fingersOf, touchTest, zoomed } from "./touch.mjs";

const base = process.env.GIRASOL_URL;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, reducedMotion: "reduce" };
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

/** A shop's page with a link before and after a spin; `withoutScreen` as on iPhones. */
async function open(options, { withoutScreen = false, more = "controls", style = "" } = {}) {
  const body = `<p><a href="#above" id="above">Above</a></p>
    <div style="width: 300px; transform: translateX(0); ${style}">
      <girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" style="border-radius: 20px" ${more}></girasol-spin>
    </div><p><a href="#below" id="below">Below</a></p><div style="height: 3000px"></div>`;
  const opened = await openBody(browser, base, body, options, (page) =>
    withoutScreen ? page.addInitScript(() => delete Element.prototype.requestFullscreen) : undefined,
  );
  await spinState(opened.page, "standard");
  await opened.page.waitForFunction(() => document.querySelector("girasol-spin").shadowRoot.querySelector(".spots"));
  return opened;
}

const isFull = (page, is = true) =>
  page.waitForFunction(
    (is) =>
      document.querySelector("girasol-spin").hasAttribute("data-full") === is &&
      (is || (!document.fullscreenElement && !document.querySelector(":popover-open"))),
    is,
  );
const box = (page) => page.locator("girasol-spin").boundingBox();
const focused = (page) =>
  page.evaluate(() => {
    const { activeElement: one } = document;
    return one.id || one.shadowRoot?.activeElement?.className || one.localName;
  });

async function tap(page, name) {
  const { x, y, width, height } = await page.getByRole("button", { name }).boundingBox();
  const touch = await fingersOf(page);
  await touch("touchStart", [{ x: x + width / 2, y: y + height / 2 }]);
  await touch("touchEnd");
}

for (const withoutScreen of [false, true]) {
  const where = withoutScreen ? "the_page" : "the_screen";

  touchTest(`a_finger_alone_fills_${where}_and_leaves_it`, async () => {
    const { page, errors, close } = await open(PHONE, { withoutScreen });
    const before = await box(page);
    await tap(page, "Full screen");
    await isFull(page);
    await page.waitForFunction(
      () => document.querySelector("girasol-spin").getBoundingClientRect().width === innerWidth,
    );
    const { width, height } = await box(page);
    assert.deepEqual([width, height], await page.evaluate(() => [innerWidth, innerHeight]));
    await tap(page, "Close");
    await isFull(page, false);
    await page.waitForFunction((width) => document.querySelector("girasol-spin").offsetWidth === width, before.width);
    assert.deepEqual(await box(page), before);
    assert.deepEqual(errors, []);
    await close();
  });

  test(`keys_alone_fill_${where}_and_leave_it_and_the_focus_returns`, async () => {
    const { page, close } = await open({}, { withoutScreen });
    await page.getByRole("slider").focus();
    for (const leave of ["Escape", "f"]) {
      await page.keyboard.press("f");
      await isFull(page);
      await page.keyboard.press(leave);
      await isFull(page, false);
      assert.equal(await focused(page), "stage", leave);
    }
    await page.focus("#above");
    await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
    await isFull(page);
    assert.equal(await focused(page), "stage", "the focus moves in");
    for (let tabs = 0; tabs < 8; tabs++) {
      await page.keyboard.press("Tab");
      assert.ok(!["above", "below"].includes(await focused(page)), "what lies beneath is not reached");
    }
    await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
    await isFull(page, false);
    assert.equal(await focused(page), "above");
    await close();
  });
}

touchTest("back_leaves_what_fills_the_page_and_not_the_shop", async () => {
  const { page, close } = await open(PHONE, { withoutScreen: true });
  await page.evaluate(() => history.replaceState({ shop: 7 }, ""));
  const [url, entries] = [page.url(), await page.evaluate(() => history.length)];
  await tap(page, "Full screen");
  await isFull(page);
  await page.evaluate(() => history.back());
  await isFull(page, false);
  assert.equal(page.url(), url);
  assert.deepEqual(await page.evaluate(() => history.state), { shop: 7 });
  // Left by its button, it leaves no entry to go back to either.
  await tap(page, "Full screen");
  await isFull(page);
  await tap(page, "Close");
  await page.waitForFunction(() => history.state?.shop === 7 && !history.state.girasol);
  assert.ok((await page.evaluate(() => history.length)) <= entries + 1);
  await close();
});

test("a_shared_piece_that_is_turned_while_it_fills_the_page_stays_so_when_it_is_left", async () => {
  const { page, close } = await open({}, { withoutScreen: true, more: "share" });
  await page.waitForURL(/#angle=0$/);
  // The address is written a moment later.
  await page.clock.install();
  await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
  await isFull(page);
  await page.evaluate(() => document.querySelector("girasol-spin").spinTo(90));
  await page.clock.runFor(1000);
  await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
  await isFull(page, false);
  await page.waitForFunction(() => !history.state?.girasol);
  await page.clock.runFor(1000);
  assert.match(page.url(), /#angle=90$/);
  assert.equal(await page.evaluate(() => document.querySelector("girasol-spin").angle), 90);
  await close();
});

touchTest("the_page_beneath_does_not_scroll_and_is_where_it_was", async () => {
  const { page, close } = await open(PHONE, { withoutScreen: true });
  await page.evaluate(() => scrollTo(0, 20));
  await tap(page, "Full screen");
  await isFull(page);
  const touch = await fingersOf(page);
  await touch("touchStart", [{ x: 200, y: 600 }]);
  for (let y = 580; y > 200; y -= 20) await touch("touchMove", [{ x: 200, y }]);
  // A rest before the end: Chromium takes the first tap after a fling for its end.
  for (let rests = 0; rests < 6; rests++) {
    await painted(page);
    await touch("touchMove", [{ x: 200, y: 220 }]);
  }
  await touch("touchEnd");
  assert.equal(await page.evaluate(() => scrollY), 20);
  await tap(page, "Close");
  await isFull(page, false);
  assert.deepEqual(await page.evaluate(() => [scrollY, document.documentElement.style.overflow]), [20, ""]);
  await close();
});

test("no_size_of_the_page_s_makes_it_larger_or_smaller_than_the_screen_that_it_fills", async () => {
  const style = "min-height: 2000px; max-height: 3000px; aspect-ratio: 1 / 4; max-width: 90%; padding: 20px";
  const body = `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" style="${style}"></girasol-spin>`;
  const { page, close } = await openBody(browser, base, body, {}, (page) =>
    page.addInitScript(() => delete Element.prototype.requestFullscreen),
  );
  await spinState(page, "standard");
  await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
  await isFull(page);
  const [width, height] = await page.evaluate(() => [innerWidth, innerHeight]);
  for (const one of [page.locator("girasol-spin"), page.getByRole("slider")])
    assert.deepEqual(await one.boundingBox(), { x: 0, y: 0, width, height });
  await close();
});

test("the_zoomed_piece_fills_the_screen_and_is_not_cut_at_a_square", async () => {
  const { page, close } = await open({ viewport: { width: 1200, height: 600 } }, { withoutScreen: true });
  await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
  await isFull(page);
  const corner = await page.evaluate(() => getComputedStyle(document.querySelector("girasol-spin")).borderRadius);
  assert.equal(corner, "0px");
  const canvas = page.locator("girasol-spin canvas").first();
  const whole = await canvas.boundingBox();
  assert.ok(whole.height <= 600 && whole.height > 500, "the piece is whole at first");
  await page.mouse.move(600, 150);
  for (let notches = 0; notches < 10; notches++) await page.mouse.wheel(0, -100);
  await zoomed(page, 3);
  const stage = await page.getByRole("slider").boundingBox();
  assert.deepEqual(stage, { x: 0, y: 0, width: 1200, height: 600 });
  const large = await canvas.boundingBox();
  assert.ok(large.width > 900, "wider than a square of the screen's height");
  await page.getByRole("slider").focus();
  await page.keyboard.press("Escape");
  assert.deepEqual(await canvas.boundingBox(), whole, "Escape leaves the zoom first");
  await isFull(page);
  await page.keyboard.press("Escape");
  await isFull(page, false);
  await close();
});

touchTest("where_the_second_file_does_not_come_the_way_out_works", async () => {
  for (const withoutScreen of [false, true]) {
    const body = `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring"></girasol-spin>`;
    const { page, close } = await openBody(browser, base, body, PHONE, async (page) => {
      await page.route("**/girasol-spin.more.js", (route) => route.abort());
      if (withoutScreen) await page.addInitScript(() => delete Element.prototype.requestFullscreen);
    });
    await spinState(page, "standard");
    await page.evaluate(() => document.querySelector("girasol-spin").toggleFullscreen());
    await isFull(page);
    await tap(page, "Close");
    await isFull(page, false);
    const { x, y } = await page.getByRole("slider").boundingBox();
    const touch = await fingersOf(page);
    await touch("touchStart", [{ x: x + 100, y: y + 100 }]);
    for (let by = 10; by <= 100; by += 10) await touch("touchMove", [{ x: x + 100 + by, y: y + 100 }]);
    await touch("touchEnd");
    await page.waitForFunction(() => document.querySelector("girasol-spin").angle > 60);
    await close();
  }
});

test("controls_have_names_in_the_shop_s_language_and_without_them_the_piece_is_bare", async () => {
  const { page, errors, close } = await open({}, { more: `controls autospin="600"` });
  const names = () =>
    page
      .locator("girasol-spin")
      .getByRole("button")
      .evaluateAll((buttons) => buttons.map(({ ariaLabel }) => ariaLabel));
  assert.deepEqual(await names(), ["Pause", "Zoom out", "Zoom in", "Full screen"]);
  await page.evaluate(() => {
    const own = {
      pause: "Anhalten",
      play: "Drehen",
      smaller: "Kleiner",
      larger: "Größer",
      full: "Vollbild",
      view: "Rundum",
    };
    customElements.get("girasol-spin").words = own;
    document.querySelector("girasol-spin").removeAttribute("alt");
  });
  assert.deepEqual(await names(), ["Anhalten", "Kleiner", "Größer", "Vollbild"]);
  await page.getByRole("slider", { name: "Rundum" }).waitFor();
  await page.getByRole("button", { name: "Größer" }).click();
  await zoomed(page, 1.4);
  await page.getByRole("button", { name: "Kleiner" }).click();
  await page.waitForFunction(
    () => document.querySelector("girasol-spin").shadowRoot.querySelector("[part~=smaller]").ariaDisabled === "true",
  );
  await page.evaluate(() => {
    document.querySelector("girasol-spin").removeAttribute("controls");
    document.querySelector("girasol-spin").removeAttribute("autospin");
  });
  assert.deepEqual(await names(), []);
  assert.deepEqual(errors, []);
  await close();
});

test("buttons_fit_into_a_small_piece_whatever_the_size_of_text", async () => {
  for (const [width, text] of [
    [300, "100%"],
    [150, "200%"],
    [96, "100%"],
  ]) {
    const spin = `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" controls autospin></girasol-spin>`;
    const body = `<style>html { font-size: ${text} }</style><div style="width: ${width}px">${spin}</div>`;
    const { page, close } = await openBody(browser, base, body);
    await spinState(page, "standard");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    const piece = await box(page);
    const buttons = await page.locator("girasol-spin").getByRole("button").all();
    assert.equal(buttons.length, 4);
    for (const button of buttons) {
      const { x, y, width, height } = await button.boundingBox();
      assert.ok(Math.abs(width - height) < 0.5, "round");
      assert.ok(x >= piece.x && y >= piece.y && x + width <= piece.x + piece.width, `${piece.width}: ${x}, ${y}`);
    }
    await close();
  }
});

test("a_piece_with_controls_nudges_once_and_never_where_motion_is_reduced", async () => {
  const furthest = async (options, more) => {
    const { page, close } = await openBody(
      browser,
      base,
      `<girasol-spin src="${sequenceOf("yellow-gold")}" alt="Ring" ${more}></girasol-spin>
       <script>
         window.most = 0;
         const spin = document.querySelector("girasol-spin");
         spin.addEventListener("anglechange", ({ detail }) => (window.most = Math.max(window.most, (window.away = Math.min(detail.angle, 360 - detail.angle)))));
       </script>`,
      options,
    );
    await spinState(page, "standard");
    await page.waitForFunction(() => document.querySelector("girasol-spin").shadowRoot.querySelector(".spots"));
    if (options.reducedMotion || !more) {
      await page.clock.install();
      await page.clock.runFor(3000);
    } else await page.waitForFunction(() => window.most > 4 && window.away === 0);
    const most = await page.evaluate(() => window.most);
    await close();
    return most;
  };
  const most = await furthest({}, "controls");
  assert.ok(most > 4 && most < 20, `${most}`);
  // Firefox does not let tests say what the system asks for.
  if (!isFirefox) assert.equal(await furthest({ reducedMotion: "reduce" }, "controls"), 0);
  assert.equal(await furthest({}, ""), 0);
});
