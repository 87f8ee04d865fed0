// Lines on which answers stop coming, and caches that name what is gone. The page's clock is turned on by hand.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, openFront, openPage } from "./browser.mjs";
import { sequenceOf } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
const HELD_AFTER = 20_000;
let browser;
let front;
/** What the line does with a request; passes it on where it says nothing. */
let line;

before(async () => {
  browser = await launch();
  front = await openFront(base, (asked, answer, pass) => {
    if (asked.url === "/shop")
      return answer
        .writeHead(200, { "Content-Type": "text/html" })
        .end(
          `<!doctype html><html lang="en"><title>Shop</title><script type="module" src="/girasol-spin.js"></script>`,
        );
    if (!line?.(asked, answer, pass)) pass();
  });
});
afterEach(() => {
  line = undefined;
});
after(async () => {
  await browser?.close();
  front?.close();
});

/** A page whose time passes only where a test says so. */
async function visit() {
  const { page, close } = await openPage(browser, { viewport: { width: 800, height: 900 } });
  await page.clock.install();
  await page.goto(`${front.url}/shop`);
  await page.evaluate((src) => {
    window.failed = [];
    const spin = document.createElement("girasol-spin");
    spin.addEventListener("error", ({ detail }) => window.failed.push(detail));
    spin.setAttribute("src", src);
    document.body.append(spin);
  }, sequenceOf("yellow-gold"));
  return { page, close };
}

/** Turns the clock on, second by second, until the spin is in a state. */
async function passUntil(page, state) {
  for (let seconds = 0; seconds < 90; seconds++) {
    if ((await page.getAttribute("girasol-spin", "data-state")) === state) return seconds;
    await page.clock.runFor(1000);
  }
  return assert.fail(`no ${state}: ${await page.getAttribute("girasol-spin", "data-state")}`);
}

/** Passes the beginning of a body on, and then nothing. */
function hold(answer, pass) {
  pass((from) => {
    answer.writeHead(from.statusCode, from.headers);
    let left = HELD_AFTER;
    from.on("data", (chunk) => {
      if (left > 0) answer.write(chunk.subarray(0, left));
      left -= chunk.length;
    });
  });
  return true;
}

test("where_packs_stall_half_way_single_frames_come", async () => {
  const frames = new Set();
  line = ({ url }, answer, pass) => {
    if (url.startsWith("/s/")) frames.add(url);
    return url.startsWith("/p/") && hold(answer, pass);
  };
  const { page, close } = await visit();
  await passUntil(page, "standard");
  assert.ok(frames.size > 20 && frames.size < 36, `${frames.size} frames singly; the first came in the pack`);
  assert.deepEqual(await page.evaluate(() => window.failed), []);
  await close();
});

for (const [what, isHeld] of [
  ["the_manifest", (url) => url.includes("/sequence")],
  ["every_frame", (url) => /^\/[ps]\//.test(url)],
]) {
  test(`where_${what}_hangs_it_says_so_and_tries_again_when_asked`, async () => {
    line = ({ url }) => isHeld(url);
    const { page, close } = await visit();
    const seconds = await passUntil(page, "error");
    assert.ok(seconds > 8, `${seconds} s: a slow line has its time`);
    await page.getByText("The 360° view could not be loaded.").waitFor();
    line = undefined;
    await page.getByRole("button", { name: "Try again" }).click();
    await passUntil(page, "standard");
    await close();
  });
}

for (const status of [410, 404]) {
  test(`a_cached_manifest_that_names_what_is_gone_is_asked_for_once_more_past_caches_after_${status}`, async () => {
    let isFresh = false;
    const manifests = [];
    line = ({ url, headers }, answer) => {
      if (url.includes("/sequence")) {
        manifests.push(headers["cache-control"] ?? "");
        isFresh ||= /no-cache|max-age=0/.test(manifests.at(-1));
      }
      if (isFresh || !/^\/[ps]\//.test(url)) return false;
      // Chromium keeps a 410 for ever where nothing is said.
      answer.writeHead(status, { "Cache-Control": "no-store" }).end();
      return true;
    };
    const { page, close } = await visit();
    await passUntil(page, "standard");
    assert.equal(manifests.length, 2, String(manifests));
    assert.deepEqual(await page.evaluate(() => window.failed), []);
    await close();
  });
}

test("what_stays_gone_past_caches_is_asked_for_no_more", async () => {
  let manifests = 0;
  line = ({ url }, answer) => {
    if (url.includes("/sequence")) manifests++;
    if (!/^\/[ps]\//.test(url)) return false;
    answer.writeHead(410).end();
    return true;
  };
  const { page, close } = await visit();
  await passUntil(page, "error");
  assert.equal(manifests, 2);
  await close();
});
