// The operators' page in Chromium, against a running server: who may see it, a server that has just started, a line that
// breaks, alerts, and what a screen reader and a keyboard find. GIRASOL_URL names the server, GIRASOL_KEY is an artist's key and
// GIRASOL_ADMIN_KEY an admin's; SCREENSHOTS names a folder for pictures.
//
// A server needs hours to have something to show. Where a test is about that, the answers are those of ops-fixture.mjs.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, openFront, openPage } from "./browser.mjs";
import { alertsAt, healthAt, launchReportsAt, liveAt, plotsAt, reportAt, usersAt } from "./ops-fixture.mjs";

const base = process.env.GIRASOL_URL;
const artist = process.env.GIRASOL_KEY;
const admin = process.env.GIRASOL_ADMIN_KEY;
const shots = process.env.SCREENSHOTS;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NOW = Date.now();
const DESK = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const WALL = { viewport: { width: 1920, height: 1080 }, colorScheme: "dark" };

let browser;
before(async () => {
  assert.ok(
    base && artist && admin,
    "GIRASOL_URL, GIRASOL_KEY and GIRASOL_ADMIN_KEY must name the server and its keys",
  );
  if (shots) mkdirSync(shots, { recursive: true });
  browser = await launch();
});
after(() => browser?.close());

async function signIn(page, key, url = base, hash = "") {
  await page.goto(new URL(`/ops${hash}`, url).href);
  await page.locator("#key").fill(key);
  await page.keyboard.press("Enter");
  await page.locator("body.signed-in").waitFor();
}

/** What went wrong, but that no session is there before the sign-in. */
const unexpected = (errors) => errors.filter((text) => !/status of 401/.test(text));

/** Saves a screenshot, if wanted, and collects the findings of axe in both themes. */
async function inspect(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
    if (shots) await page.screenshot({ path: join(shots, `ops-${name}-${colorScheme}.png`) });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${name}, ${colorScheme}: ${id} ${nodes.map(({ html }) => html)}`);
    assert.deepEqual(found, []);
  }
}

/** Answers in the place of the server's figures; the session, the page and its files stay the server's. */
async function pretend(context, { isWrong = false } = {}) {
  const asked = [];
  let list = alertsAt(NOW, isWrong);
  const answers = {
    "/api/performance/plots": (url) => plotsAt(NOW, Number(url.searchParams.get("hours"))),
    "/api/performance": () => reportAt(),
    "/api/performance/users": () => usersAt(NOW),
    "/api/health": () => healthAt(isWrong),
    "/api/alerts": () => list,
    "/api/launches/reports": () => launchReportsAt(NOW),
  };
  for (const [path, answer] of Object.entries(answers)) {
    await context.route(
      (url) => url.pathname === path,
      (route) => {
        const url = new URL(route.request().url());
        asked.push(url.pathname + url.search);
        return route.fulfill({ json: answer(url) });
      },
    );
  }
  await context.route(/\/silence$/, (route) => {
    asked.push(`${route.request().method()} ${new URL(route.request().url()).pathname} ${route.request().postData()}`);
    const alerts = list.alerts.map((alert) => ({ ...alert, silenced: alert.silenced || alert.name === "purge-old" }));
    list = { ...list, alerts };
    return route.fulfill({ json: list });
  });
  // The stream says the same over and over, as Playwright cannot hold one open.
  await context.addInitScript((figures) => {
    class Stream extends EventTarget {
      constructor(url) {
        super();
        const event = () => new MessageEvent("figures", { data: JSON.stringify(figures) });
        if (/performance/.test(url)) this.timer = setInterval(() => this.dispatchEvent(event()), 200);
      }
      close() {
        clearInterval(this.timer);
      }
    }
    window.EventSource = Stream;
  }, liveAt(NOW));
  return asked;
}

test("a_key_is_needed_and_an_artists_is_not_enough", async () => {
  const { page, context, close } = await openPage(browser, DESK);
  await page.goto(new URL("/ops", base).href);
  await page.locator("#sign-in").waitFor();
  await inspect(page, "sign-in");
  await page.locator("#key").fill(`girasol_000000000000_${"0".repeat(64)}`);
  await page.locator("#sign-in").click();
  await page
    .locator("#sign-in-error")
    .filter({ hasText: /unknown or was revoked/ })
    .waitFor();
  await page.locator("#key").fill(artist);
  await page.keyboard.press("Enter");
  await page.locator("h1", { hasText: "This key is an artist’s" }).waitFor();
  await inspect(page, "artist");
  await page.locator("#sign-out").click();
  await page.locator("#key").fill(admin);
  await page.keyboard.press("Enter");
  await page.locator("#verdict").waitFor();
  assert.match(await page.locator("#who").textContent(), /admin/);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href);
  assert.ok(!stored.includes("girasol_"), "a key is neither stored nor in the address");
  const cookies = await context.cookies();
  assert.ok(cookies.every(({ httpOnly }) => httpOnly));
  await close();
});

test("a_server_that_has_just_started_says_that_nothing_was_measured", async () => {
  const { page, context, errors, close } = await openPage(browser, DESK);
  await context.route(
    (url) => url.pathname === "/api/performance/plots",
    (route) => route.fulfill({ json: plotsAt(NOW, 6, { isEmpty: true }) }),
  );
  await signIn(page, admin);
  await page.locator("#empty:visible").waitFor();
  await page.locator('#link[data-state="live"]').waitFor();
  assert.ok(!(await page.locator("#plots").isVisible()));
  await inspect(page, "empty");
  assert.deepEqual(unexpected(errors), []);
  await close();
});

test("the_real_servers_answers_are_drawn_as_they_are", async () => {
  const { page, errors, close } = await openPage(browser, DESK);
  const answered = [];
  page.on("response", (response) => answered.push(`${response.status()} ${new URL(response.url()).pathname}`));
  await signIn(page, admin);
  await page.locator('#link[data-state="live"]').waitFor();
  await page.waitForFunction(() => document.querySelector(".alerts li") && document.querySelector(".parts li"));
  await page.locator("#plots figure").first().waitFor({ state: "attached" });
  const own = ["plots", "users", "events", ""].map((part) => `/api/performance${part && "/"}${part}`);
  for (const path of [...own, "/api/alerts", "/api/alerts/events", "/api/health"]) {
    assert.ok(answered.includes(`200 ${path}`), `${path}: ${answered}`);
  }
  // Nothing comes from elsewhere, nothing is refused by the policy, and nothing fails.
  assert.deepEqual(unexpected(errors), []);
  await close();
});

test("plots_have_a_readout_a_table_and_the_hours_that_are_chosen", async () => {
  const { page, context, errors, close } = await openPage(browser, DESK);
  const asked = await pretend(context);
  await signIn(page, admin);
  await page.locator("#plot-latency canvas").waitFor();
  await inspect(page, "desk");
  assert.equal(await page.locator("#verdict").textContent(), "Shoppers are well served");
  assert.equal(await page.locator('[data-tile="latency"]').getAttribute("data-state"), "well");
  assert.match(await page.locator("#plot-latency .plot").getAttribute("aria-label"), /P95: now \d+(\.\d+)? ms, from/);
  assert.match(
    await page.locator("#deployments").textContent(),
    /1 deployment in this time, the last one of 0\.1\.0 \(c72e2f4\)/,
  );

  const latest = await page.locator("#plot-latency .legend").textContent();
  await page.locator("#plot-latency .u-over").hover({ position: { x: 40, y: 40 } });
  await page.waitForFunction(() => document.querySelector("#plot-requests .when").textContent, null);
  assert.notEqual(await page.locator("#plot-latency .legend").textContent(), latest);

  await page.locator("#plot-errors summary").click();
  await page.locator("#plot-errors tbody tr").nth(71).waitFor();
  assert.equal(await page.locator("#plot-errors tbody tr").count(), 72);
  await page.locator("#plot-errors summary").click();

  await page.locator("main").focus();
  await page.keyboard.press("3");
  await page.waitForFunction(() => location.hash === "#hours=24");
  await page.waitForFunction(() => !document.querySelector("#plots[aria-busy]"));
  assert.ok(asked.includes("/api/performance/plots?hours=24"), asked.join());
  assert.ok(await page.locator('#ranges input[value="24"]').isChecked());
  assert.deepEqual(unexpected(errors), []);
  await close();
});

test("an_alert_says_what_to_do_and_can_be_silenced", async () => {
  const { page, context, close } = await openPage(browser, PHONE);
  const asked = await pretend(context, { isWrong: true });
  await signIn(page, admin);
  const purge = page.locator('[data-alert="purge-old"]');
  await purge.waitFor();
  assert.equal(
    await page.locator("#alerts li").first().getAttribute("data-alert"),
    "purge-old",
    "the critical one is first",
  );
  assert.match(await page.locator("#verdict").textContent(), /1 critical alert/);
  assert.match(await page.title(), /^\(2 alerts\) /);
  await inspect(page, "phone");
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.equal(widths[0], widths[1], "nothing is wider than a phone");
  await purge.locator("button", { hasText: "What to do" }).click();
  await page.locator("dialog[open] .runbook strong", { hasText: "Do." }).waitFor();
  await inspect(page, "runbook");
  await page.keyboard.press("Escape");
  await purge.locator("button", { hasText: "Silence" }).click();
  await page.locator('dialog[open] [name="reason"]').fill("the edge is replaced");
  await inspect(page, "silence");
  await page.locator("dialog[open] [data-confirm]").click();
  await purge.locator(".badge", { hasText: "silenced" }).waitFor();
  const sent = asked.find((request) => request.startsWith("POST "));
  assert.equal(
    sent,
    'POST /api/alerts/purge-old/silence {"minutes":60,"reason":"the edge is replaced","subject":"edge"}',
  );
  assert.match(await page.locator("#verdict").textContent(), /1 warning/);
  await close();
});

test("launches_that_are_over_stand_beside_earlier_weeks", async () => {
  for (const [name, device] of [
    ["desk", DESK],
    ["phone", PHONE],
  ]) {
    const { page, context, errors, close } = await openPage(browser, device);
    await pretend(context);
    await signIn(page, admin);
    const panel = page.locator(".launch-reports");
    const [sale, quiet] = [panel.locator("details").nth(0), panel.locator("details").nth(1)];
    await sale.locator("th", { hasText: "4 weeks before" }).waitFor();
    const cells = await sale.locator("tr", { hasText: "First frame, 95" }).locator("td").allTextContents();
    assert.deepEqual(cells, ["940 ms", "917 ms", "924 ms", "938 ms"]);
    assert.match(await sale.textContent(), /12 alerts fired\..*and 2 more/);
    assert.ok(!(await quiet.locator("p").first().isVisible()), "the newest one alone is open");
    await quiet.locator("summary").click();
    assert.match(await quiet.textContent(), /<b>quiet<\/b> drop.*No browser has reported a view.*No alert fired/u);
    await panel.scrollIntoViewIfNeeded();
    await inspect(page, `launch-reports-${name}`);
    assert.deepEqual(unexpected(errors), []);
    await close();
  }
});

test("before_the_first_launch_its_place_says_so", async () => {
  const { page, close } = await openPage(browser, DESK);
  await signIn(page, admin);
  await page.locator(".launch-reports .none", { hasText: "None yet" }).waitFor();
  await close();
});

test("a_launch_is_planned_and_removed", async () => {
  const { page, errors, close } = await openPage(browser, PHONE);
  await signIn(page, admin);
  const plan = page.locator("button", { hasText: "Plan a launch" });
  await plan.click();
  const dialog = page.locator("dialog[open]");
  await inspect(page, "plan");
  await dialog.locator("[data-confirm]").click();
  assert.ok(await dialog.isVisible(), "a launch has a name and two times");
  await dialog.locator('[name="name"]').fill("autumn sale");
  await dialog.locator('[name="from"]').fill("2031-11-27T06:00");
  await dialog.locator('[name="to"]').fill("2031-11-26T06:00");
  await dialog.locator("[data-confirm]").click();
  await page.locator("text=ends before it begins").first().waitFor();
  await page.keyboard.press("Escape");
  await dialog.locator('[name="to"]').fill("2031-11-30T23:59");
  await dialog.locator('[name="products"]').fill("ring/solitaire, ring/halo");
  await dialog.locator("[data-confirm]").click();
  const row = page.locator(".launches li", { hasText: "autumn sale" });
  await row.locator(".badge", { hasText: "launch, planned" }).waitFor();
  const list = await page.evaluate(async () => (await fetch("/api/launches")).json());
  assert.deepEqual(list.launches[0].products, ["ring.solitaire", "ring.halo"]);
  await inspect(page, "launch");
  await row.locator("button", { hasText: "Remove" }).click();
  await page.locator("dialog[open] [data-confirm]").click();
  await row.waitFor({ state: "detached" });
  // The one that was refused is an answer of 422.
  assert.deepEqual(
    unexpected(errors).filter((text) => !/status of 422/.test(text)),
    [],
  );
  await close();
});

test("a_wall_fits_its_screen_and_is_left_by_a_key", async () => {
  const { page, context, close } = await openPage(browser, WALL);
  await pretend(context, { isWrong: true });
  await signIn(page, admin, base, "#hours=24&wall");
  await page.locator("#plot-latency canvas").waitFor();
  await inspect(page, "wall");
  const { fits, least } = await page.evaluate(() => {
    const { scrollWidth, scrollHeight } = document.documentElement;
    const sizes = [...document.querySelectorAll(".tile .value")].map((value) =>
      parseFloat(getComputedStyle(value).fontSize),
    );
    const shown = [...document.querySelectorAll(".tile, .on-wall")].map((one) => one.getBoundingClientRect());
    const isInside = shown.every(({ right, bottom }) => right <= innerWidth && bottom <= innerHeight);
    return { fits: isInside && scrollWidth <= innerWidth && scrollHeight <= innerHeight, least: Math.min(...sizes) };
  });
  assert.ok(fits, "nothing has to be scrolled for");
  assert.ok(least >= 72, `figures have ${least} px`);
  await page.keyboard.press("Escape");
  await page.locator("body:not(.wall)").waitFor();
  await page.keyboard.press("w");
  await page.locator("body.wall").waitFor();
  await close();
});

test("a_line_that_broke_comes_back_by_itself", async () => {
  let isAway = false;
  const front = await openFront(base, (_, answer, pass) => (isAway ? answer.destroy() : pass()));
  const { page, close } = await openPage(browser, DESK);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, admin, front.url);
  await page.locator('#link[data-state="live"]').waitFor();
  isAway = true;
  await front.cut();
  await page.locator('#link[data-state="lost"]').waitFor();
  await page.locator("#trouble", { hasText: /does not answer\. What you see is as of \d/ }).waitFor();
  await inspect(page, "lost");
  isAway = false;
  const before = asked.filter((path) => path === "/api/performance/plots").length;
  await page.locator('#link[data-state="live"]').waitFor();
  await page.locator("#trouble").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.querySelector("#link").textContent === "Live");
  const missed = asked.filter((path) => path === "/api/performance/plots").length - before;
  assert.ok(missed >= 1, "what was missed is asked for");
  await close();
  front.close();
});

test("a_session_that_ends_leads_to_the_sign_in", async () => {
  const { page, context, close } = await openPage(browser, DESK);
  await signIn(page, admin);
  await page.locator('#link[data-state="live"]').waitFor();
  await context.clearCookies();
  await page.keyboard.press("1");
  await page.locator("#sign-in").waitFor();
  assert.match(await page.locator(".sign-in").textContent(), /The session has expired/);
  await page.locator("#key").fill(admin);
  await page.keyboard.press("Enter");
  await page.locator("#verdict").waitFor();
  assert.match(page.url(), /#hours=1$/, "the address stays");
  await close();
});
