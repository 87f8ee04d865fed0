// Ten switches of metal in three seconds, each at another angle: how long from the choice to the paint.

import { METALS, sequenceOf } from "./servers.mjs";
import { FAST_4G, throttle } from "./throttles.mjs";

const SWITCHES = 10;
const EVERY_MS = 300;
const ANGLES = [50, 130, 220];

export const switchesPage = (base) =>
  `<!doctype html><html lang="en"><title>Ring</title><link rel="icon" href="data:,"><script type="module" src="${base}/girasol-spin.js"></script><girasol-spin src="${base}${sequenceOf(METALS[0])}" alt="Ring" tier="standard" frames="36" width="1" height="1" style="display: block; width: 500px"></girasol-spin>`;

/** Milliseconds of each switch. Nothing is warmed: the first frame of each metal comes over the network. */
export async function switches(browser, url) {
  const context = await browser.newContext({ viewport: { width: 800, height: 900 } });
  try {
    const page = await context.newPage();
    await throttle(await context.newCDPSession(page), { network: FAST_4G, cpu: 1 });
    await page.goto(url);
    await page.locator('girasol-spin[data-state="standard"]').waitFor();
    const steps = Array.from({ length: SWITCHES }, (_, index) => [
      METALS[(index + 1) % METALS.length],
      ANGLES[index % ANGLES.length],
    ]);
    return await page.evaluate(
      async ([steps, every]) => {
        const spin = document.querySelector("girasol-spin");
        const times = [];
        for (const [metal, angle] of steps) {
          const started = performance.now();
          const switched = new Promise((resolve) => spin.addEventListener("switch", resolve, { once: true }));
          spin.spinTo(angle);
          spin.setAttribute("metal", metal);
          const { detail } = await switched;
          times.push(performance.now() - started);
          if (!detail.configuration.includes(metal))
            throw new Error(`${metal} was chosen and ${detail.configuration} shown`);
          await new Promise((resolve) => setTimeout(resolve, every - times.at(-1)));
        }
        return times;
      },
      [steps, EVERY_MS],
    );
  } finally {
    await context.close();
  }
}
