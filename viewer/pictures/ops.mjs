// The page of operations, of a server that has been visited for some minutes: GIRASOL_ADMIN_KEY is an admin's key.

/** Minutes that the plots need to have something to show. */
const MINUTES = 10;
const RING = "/api/products/customizable/ring.solitaire.metal-yellow-gold.stone-diamond/sequence";
/** Visitors on fast and slow lines. */
const VISITORS = [
  { ect: "4g", "device-memory": "8", accept: "image/avif" },
  { ect: "4g", "device-memory": "4", accept: "image/avif" },
  { ect: "3g", accept: "image/webp" },
];

async function visit(url, headers) {
  const answer = await fetch(new URL(RING, url), { headers });
  // The demo may have been started just now, and encodes its rings.
  if (!answer.ok) return;
  const { configuration, selected, tiers } = await answer.json();
  const { tier, format } = selected;
  const { formats, degrees } = tiers[tier] ?? tiers.standard;
  for (const degree of degrees.slice(0, 6)) {
    await fetch(new URL(`/s/${formats[format].set}/${String(degree).padStart(3, "0")}.${format}`, url));
  }
  const slow = headers.ect === "3g" ? 3 : 1;
  const times = { frame_ms: 120 * slow, spin_ms: 400 * slow, full_ms: 900 * slow, switches: 1, switch_ms: 60 * slow };
  const view = { schema: "girasol.vitals/1", configuration, tier, format, turned: 120, wanted: 118, ...times };
  await fetch(new URL("/api/vitals", url), { method: "POST", headers, body: JSON.stringify(view) });
}

/** The most values that a plot of the last hour has. */
async function measured(url, key) {
  const headers = { authorization: `Bearer ${key}` };
  const { rows } = await (await fetch(new URL("/api/performance/plots?hours=1", url), { headers })).json();
  const lines = rows.flatMap(({ plots }) => plots).filter(({ figure }) => figure === "latency");
  return Math.max(
    0,
    ...lines.flatMap(({ lines }) => lines).map(({ values }) => values.filter((value) => value !== null).length),
  );
}

export const pictures = [
  {
    file: "ops.jpg",
    options: { viewport: { width: 1280, height: 1240 }, reducedMotion: "reduce" },
    async take(page, { url }) {
      const key = process.env.GIRASOL_ADMIN_KEY;
      for (let visits = 0; (await measured(url, key)) < MINUTES; visits += 1) {
        for (let visitor = 0; visitor < 60; visitor += 1)
          await visit(url, VISITORS[(visits + visitor) % VISITORS.length]);
      }
      await page.goto(new URL("/ops#hours=1", url).href);
      await page.locator("#key").fill(key);
      await page.keyboard.press("Enter");
      await page.locator("#plot-latency canvas").waitFor();
      await page.locator('#link[data-state="live"]').waitFor();
    },
  },
];
