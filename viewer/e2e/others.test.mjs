// Other people's pages: what stands around the element, and what a page does to it before and after its script has come.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { openBody, painted, sequenceOf, spinState } from "./spins.mjs";
import { fingersOf, touchTest, zoomed } from "./touch.mjs";

const base = process.env.GIRASOL_URL;
const SRC = sequenceOf("yellow-gold");
let browser;

before(async () => void (browser = await launch()));
after(async () => void (await browser?.close()));

const turnTo = async (page, angle) => {
  await page.evaluate((angle) => document.querySelector("girasol-spin").spinTo(angle), angle);
  await painted(page);
};
const spin = (more = "", inside = "") => `<girasol-spin src="${SRC}" alt="Ring" ${more}>${inside}</girasol-spin>`;

test("it_is_as_large_as_an_image_of_its_attributes", async () => {
  const contexts = {
    flex: (child) => `<div style="display: flex">${child}</div>`,
    column: (child) => `<div style="display: flex; flex-direction: column">${child}</div>`,
    grid: (child) => `<div style="display: grid">${child}</div>`,
    "inline-block": (child) => `<div style="display: inline-block">${child}</div>`,
    float: (child) => `<div style="float: left">${child}</div>`,
    absolute: (child) => `<div style="position: absolute">${child}</div>`,
    "an absolute one": (child) => child.replace("STYLE", "position: absolute"),
    "a floating one": (child) => child.replace("STYLE", "float: left"),
    "an inline block": (child) => child.replace("STYLE", "display: inline-block"),
  };
  const picture = `<img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E" width="400" height="300" alt="" style="STYLE">`;
  for (const [name, inContext] of Object.entries(contexts)) {
    const sizes = {};
    for (const child of [picture, spin(`width="400" height="300" style="STYLE"`)]) {
      const { page, close } = await openBody(browser, base, inContext(child));
      await page.waitForFunction(() => !document.querySelector("girasol-spin:not(:defined)"));
      const box = await page.locator("body img, girasol-spin").first().boundingBox();
      sizes[child === picture ? "img" : "spin"] = [box.width, box.height];
      await close();
    }
    assert.deepEqual(sizes.spin, sizes.img, name);
    assert.deepEqual(sizes.spin, [400, 300], name);
  }
});

test("without_a_size_it_fills_what_has_a_width_and_is_seen_in_what_has_none", async () => {
  for (const [body, width] of [
    [`<div style="width: 500px">${spin()}</div>`, 500],
    [`<div style="width: 500px">${spin(`width="1" height="1"`)}</div>`, 500],
    [`<div style="display: flex">${spin()}</div>`, 300],
    [`<div style="display: flex; width: 200px">${spin()}</div>`, 200],
    [`<div style="width: 200px">${spin(`width="640" height="640"`)}</div>`, 200],
    [`<div style="float: left">${spin("", `<img width="320" height="320" alt="">`)}</div>`, 320],
  ]) {
    const { page, close } = await openBody(browser, base, body);
    await spinState(page, "standard");
    const box = await page.locator("girasol-spin").boundingBox();
    assert.deepEqual([box.width, box.height], [width, width], body);
    await close();
  }
});

test("it_lies_in_its_box_whatever_its_position_and_display_are", async () => {
  for (const style of ["position: static", "display: flex", "display: grid", "writing-mode: vertical-rl"]) {
    const body = `<div style="height: 50px"></div>${spin(`style="width: 400px; height: 300px; ${style}"`)}`;
    const { page, close } = await openBody(browser, base, body);
    await spinState(page, "standard");
    assert.deepEqual(await page.getByRole("slider").boundingBox(), { x: 0, y: 50, width: 400, height: 300 }, style);
    await close();
  }
});

test("the_page_does_not_move_while_it_loads", async () => {
  const body = `${spin(`width="640" height="480"`)}<p>Below</p>`;
  const { page, close } = await openBody(browser, base, body, {}, (page) =>
    page.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    }),
  );
  await page.waitForFunction(() => customElements.get("girasol-spin"));
  const before = await page.locator("p").boundingBox();
  await spinState(page, "standard");
  await painted(page);
  assert.deepEqual(await page.locator("p").boundingBox(), before);
  await close();
});

test("a_bad_hotspot_is_left_out_and_the_console_says_so", async () => {
  const spots = [`[{'degree':0,'x':0.4,'y':0.5}]`, `[{"degree":"a","x":0.4,"y":0.5}]`, "null", "{}", `[null]`].map(
    (points, index) =>
      `<button slot="hotspot" id="bad-${index}" type="button" data-points="${points.replace(/"/g, "&quot;")}">A</button>`,
  );
  const good = `<button slot="hotspot" id="good" type="button" data-points='[{"degree":0,"x":0.4,"y":0.5}]'>B</button>`;
  const warnings = [];
  const { page, errors, close } = await openBody(browser, base, spin("", spots.join("") + good), {}, (page) =>
    page.on("console", (message) => /^warn/.test(message.type()) && warnings.push(message.text())),
  );
  await spinState(page, "standard");
  await page.locator("#good").waitFor();
  assert.equal(await page.evaluate(() => document.querySelector("girasol-spin").displayedDegree), 0);
  for (const index of spots.keys()) assert.equal(await page.locator(`#bad-${index}`).isVisible(), false);
  await turnTo(page, 1);
  await turnTo(page, 0);
  assert.equal(warnings.filter((text) => /data-points/.test(text)).length, spots.length, "once each");
  assert.deepEqual(errors, []);
  await close();
});

test("a_bad_hotspot_among_those_of_a_property_is_left_out_too", async () => {
  const { page, errors, close } = await openBody(browser, base, spin());
  await spinState(page, "standard");
  await page.evaluate(() => {
    const points = [{ degree: 0, x: 0.5, y: 0.5 }];
    document.querySelector("girasol-spin").hotspots = [
      { name: "bad", label: "Bad" },
      { name: "worse", label: "Worse", points: [{ degree: 0 }] },
      { name: "good", label: "Good", points },
    ];
  });
  await page.locator("[data-hotspot=good]").waitFor();
  assert.equal(await page.locator("[data-hotspot]:visible").count(), 1);
  assert.deepEqual(errors, []);
  await close();
});

test("properties_that_are_set_before_the_script_has_come_are_taken_over", async () => {
  const early = `<girasol-spin alt="Ring"></girasol-spin><script>
    const spin = document.querySelector("girasol-spin");
    spin.hotspots = [{ name: "a", label: "A", points: [{ degree: 0, x: 0.5, y: 0.5 }] }];
    spin.src = "${SRC}";
  </script>`;
  const { page, close } = await openBody(browser, base, early);
  await spinState(page, "standard");
  await page.locator("[data-hotspot=a]").waitFor();
  await page.evaluate((src) => (document.querySelector("girasol-spin").src = src), sequenceOf("platinum"));
  await page.waitForFunction(() => document.querySelector("girasol-spin").configuration.includes("platinum"));
  assert.equal(await page.getAttribute("girasol-spin", "src"), sequenceOf("platinum"));
  await close();
});

test("an_address_that_is_none_is_an_error_that_is_said", async () => {
  const { page, errors, close } = await openBody(browser, base, spin().replace(SRC, "http://[ring"));
  await spinState(page, "error");
  await page.getByText("could not be loaded").waitFor();
  await page.evaluate((src) => (document.querySelector("girasol-spin").src = src), SRC);
  await spinState(page, "standard");
  assert.deepEqual(errors, []);
  await close();
});

test("a_frame_that_may_not_ask_for_service_workers_shows_it", async () => {
  const { page, errors, close } = await openBody(browser, base, spin("controls"), {}, (page) =>
    page.addInitScript(() =>
      // As in a sandboxed frame.
      Object.defineProperty(navigator, "serviceWorker", {
        get() {
          throw new DOMException("The document is sandboxed", "SecurityError");
        },
      }),
    ),
  );
  await spinState(page, "standard");
  assert.deepEqual(errors, []);
  await close();
});

for (const [what, head, hash, wanted] of [
  ["a_base_of_the_page_s_own", `<base href="/elsewhere/">`, "", /^\/of-my-own#angle=90$/],
  ["a_foreign_base", `<base href="https://cdn.example/">`, "", /^\/of-my-own#angle=90$/],
  ["a_route", "", "#/product/12?tab=1", /^\/of-my-own#\/product\/12\?tab=1$/],
  ["an_anchor", "", "#reviews", /^\/of-my-own#reviews$/],
  ["pairs_of_the_page_s_own", "", "#tab=1", /^\/of-my-own#tab=1&angle=90$/],
]) {
  test(`sharing_respects_${what}`, async () => {
    const body = `${head}<script type="module" src="${new URL("/girasol-spin.js", base)}"></script>
      ${spin("share").replace(SRC, new URL(SRC, base).href)}`;
    const { page, errors, close } = await openBody(browser, base, body, { hash });
    await spinState(page, "standard");
    // The address is written a moment later.
    await page.clock.install();
    await page.evaluate(() => document.querySelector("girasol-spin").spinTo(90));
    await page.clock.runFor(1000);
    assert.match(page.url().replace(new URL(base).origin, ""), wanted);
    assert.deepEqual(
      errors.filter((error) => !/net::ERR/.test(error)),
      [],
    );
    await close();
  });
}

for (const [name, style, [across, along], angle] of [
  ["smaller", "transform: scale(0.5)", [50, 0], 90],
  ["mirrored", "transform: scaleX(-1)", [100, 0], 270],
  ["mirrored_and_smaller", "scale: -0.5 0.5", [50, 0], 270],
  ["upside_down", "transform: scaleY(-1)", [100, 0], 90],
  ["turned_round", "rotate: 180deg", [100, 0], 270],
  ["turned_right", "transform: rotate(90deg)", [0, 100], 90],
  ["turned_left", "transform: rotate(-90deg)", [0, -100], 90],
  ["slanted", "transform: rotate(45deg)", [50 * Math.SQRT2, 50 * Math.SQRT2], 90],
  ["turned_twice", 'transform: rotate(90deg)"><div style="transform: rotate(90deg)', [100, 0], 270],
  ["from_right_to_left", "direction: rtl", [100, 0], 90],
]) {
  test(`a_drag_on_a_page_that_is_${name}_turns_as_the_hand_goes`, async () => {
    const body = `<div dir="${/rtl/.test(style) ? "rtl" : "ltr"}" style="width: 400px; margin: 50px; ${style}">${spin()}</div>`;
    const { page, close } = await openBody(browser, base, body, { reducedMotion: "reduce" });
    await spinState(page, "standard");
    const { x, y, width, height } = await page.locator("girasol-spin").boundingBox();
    const middle = [x + width / 2, y + height / 2];
    await page.mouse.move(...middle);
    await page.mouse.down();
    await page.mouse.move(middle[0] + across, middle[1] + along, { steps: 8 });
    assert.equal(Math.round(await page.evaluate(() => document.querySelector("girasol-spin").angle)), angle);
    await page.mouse.up();
    await close();
  });
}

touchTest("a_finger_turns_a_piece_that_its_page_has_turned_on_its_side_and_scrolls_across_it", async () => {
  const body = `<div style="width: 300px; margin: 40px; transform: rotate(90deg)">${spin()}</div><div style="height: 3000px"></div>`;
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, reducedMotion: "reduce" };
  const { page, close } = await openBody(browser, base, body, phone);
  await spinState(page, "standard");
  await page.waitForFunction(() =>
    document.querySelector("girasol-spin").shadowRoot.querySelector(".frame").style.getPropertyValue("--scroll"),
  );
  await page.evaluate(() => scrollTo(0, 20));
  const touch = await fingersOf(page);
  const swipe = async (x, y, across, along) => {
    await touch("touchStart", [{ x, y }]);
    for (let step = 1; step <= 10; step++)
      await touch("touchMove", [{ x: x + (across * step) / 10, y: y + (along * step) / 10 }]);
    await touch("touchEnd");
  };
  await swipe(190, 120, 0, 100);
  await page.waitForFunction(() => document.querySelector("girasol-spin").angle === 120);
  assert.equal(await page.evaluate(() => scrollY), 20);
  await swipe(150, 170, 100, 0);
  await painted(page);
  assert.equal(await page.evaluate(() => document.querySelector("girasol-spin").angle), 120);
  await close();
});

test("a_zoomed_piece_of_a_mirrored_page_follows_the_hand_too", async () => {
  const body = `<div style="width: 400px; transform: scaleX(-1)">${spin()}</div>`;
  const { page, close } = await openBody(browser, base, body, { reducedMotion: "reduce" });
  await spinState(page, "standard");
  await page.waitForFunction(() => document.querySelector("girasol-spin").shadowRoot.querySelector(".spots"));
  const canvas = page.locator("girasol-spin canvas").first();
  const whole = await canvas.boundingBox();
  const at = [whole.x + 0.3 * whole.width, whole.y + 0.4 * whole.height];
  await page.mouse.dblclick(...at);
  await zoomed(page, 2);
  const large = await canvas.boundingBox();
  // What was under the pointer still is, and goes with it.
  const share = ({ x, y, width, height }) => [(at[0] - x) / width, (at[1] - y) / height];
  for (const side of [0, 1]) assert.ok(Math.abs(share(large)[side] - share(whole)[side]) < 0.01);
  await page.mouse.move(...at);
  await page.mouse.down();
  await page.mouse.move(at[0] - 40, at[1] - 20, { steps: 4 });
  await page.mouse.up();
  const moved = await canvas.boundingBox();
  assert.ok(Math.abs(moved.x - large.x + 40) < 1 && Math.abs(moved.y - large.y + 20) < 1);
  await close();
});
