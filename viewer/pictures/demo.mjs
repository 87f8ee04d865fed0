// The demo: on a desk, on a phone, in the dark, and with its bag.

const DESK = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1.5 };

/** Opens the shop, and waits until every ring is there and the one that is linked turns. Nothing is nudged meanwhile. */
async function open(page, url, hash = "") {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(`${url}${hash}`);
  // The demo may have been started just now: its metals come one after the other.
  await page.waitForFunction(() => document.querySelectorAll(".swatch.dimmed").length === 1, null, { timeout: 0 });
  await page.locator('#spin[data-state="standard"]').waitFor();
  await page.evaluate(() => scrollTo(0, 0));
}

export const pictures = [
  { file: "demo.jpg", options: DESK, take: (page, { url }) => open(page, url, "#angle=350") },
  {
    file: "demo-dark.jpg",
    options: { ...DESK, colorScheme: "dark" },
    take: (page, { url }) => open(page, url, "#metal=platinum&angle=320"),
  },
  { file: "demo-phone.jpg", options: PHONE, take: (page, { url }) => open(page, url, "#metal=rose-gold&angle=0") },
  {
    file: "demo-bag.jpg",
    options: PHONE,
    async take(page, { url }) {
      await open(page, url, "#metal=rose-gold&angle=0");
      await page.locator("#add").click();
      await page.locator("#bag-open").click();
      await page.locator("#bag-list img").evaluate((image) => image.decode());
    },
  },
];
