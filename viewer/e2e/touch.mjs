// Fingers, with real touch events of the browser, and how large the piece is.

import { test } from "node:test";
import { isFirefox } from "./browser.mjs";

/** A test with fingers, which only Chromium takes from tests. */
export const touchTest = (name, body) => test(name, { skip: isFirefox && "no touch events from tests here" }, body);

/** Puts fingers on the page, moves and lifts them: `touch("touchStart", [{ id, x, y }])`. */
export async function fingersOf(page) {
  const session = await page.context().newCDPSession(page);
  return (type, touchPoints = []) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
}

/** Fingers that go from one place to another, in shares of the stage; one pair of places for each. */
export async function swipe(page, ...ways) {
  const box = await page.locator("girasol-spin").getByRole("slider").boundingBox();
  const touch = await fingersOf(page);
  const at = (share) =>
    ways.map(([from, to], id) => ({
      id,
      x: box.x + box.width * (from[0] + (to[0] - from[0]) * share),
      y: box.y + box.height * (from[1] + (to[1] - from[1]) * share),
    }));
  await touch("touchStart", at(0));
  for (let step = 1; step <= 12; step++) await touch("touchMove", at(step / 12));
  await touch("touchEnd");
}

/** In the page: how large the piece is, and how far it is moved, in shares of its size. */
function zoom() {
  const { style } = document.querySelector("girasol-spin").shadowRoot.querySelector(".frame");
  const [x = 0, y = 0] = (style.getPropertyValue("--zoom").match(/-?[\d.e-]+(?=%)/g) ?? []).map((share) => share / 100);
  return { scale: Number(style.getPropertyValue("--girasol-zoom") || 1), x, y };
}

export const zoomOf = (page) => page.evaluate(zoom);
export const zoomed = (page, least = 1.5) => page.waitForFunction(`(${zoom})().scale > ${least}`);
