// Girasol and its peer side by side under Chromium's throttles, and ten switches; see benches/viewer.md.
//
// GIRASOL=target/release/girasol node benches/viewer/bench.mjs     (or GIRASOL_URL of a demo that runs)

import { launch } from "./browser.mjs";
import { contenders, PEER, peerVersion } from "./pages.mjs";
import { startGirasol, startShop } from "./servers.mjs";
import { median, table, write } from "./sheet.mjs";
import { switches, switchesPage } from "./switches.mjs";
import { said, THROTTLES } from "./throttles.mjs";
import { drag, visit } from "./visit.mjs";

const RUNS = Number(process.env.RUNS ?? 3);
const MEASURES = ["picture", "frame", "spin", "full", "bytes", "requests"];
const HEADS = [
  "throttle",
  "viewer",
  "first picture, ms",
  "first frame, ms",
  "first spin, ms",
  "full standard, ms",
  "bytes",
  "requests",
];

/** Medians, by throttle and contender; contenders take turns, so that other load on the machine affects all alike. */
async function compare(browser, shop, pages) {
  const measured = THROTTLES.map(() => pages.map(() => []));
  const angles = [];
  for (let run = 0; run < RUNS; run += 1) {
    for (const [row, conditions] of THROTTLES.entries()) {
      for (const [column, { name, path }] of pages.entries()) {
        measured[row][column].push(await visit(browser, shop + path, conditions));
        console.error(`${run + 1} of ${RUNS}: ${conditions.name}, ${name}`);
      }
    }
  }
  for (const { path } of pages) angles.push(await drag(browser, shop + path, THROTTLES[1]));
  const middle = (visits) =>
    Object.fromEntries(MEASURES.map((measure) => [measure, median(visits.map((visit) => visit[measure]))]));
  return { medians: measured.map((row) => row.map(middle)), angles };
}

const whole = (value) => Math.round(value).toLocaleString("en");

function spins(pages, { medians, angles }, version) {
  const rows = THROTTLES.flatMap(({ name }, row) => {
    const peer = medians[row].at(-1);
    return pages.map((page, column) => {
      const own = medians[row][column];
      const cells = MEASURES.map((measure) =>
        own === peer ? whole(own[measure]) : `${whole(own[measure])} (${(peer[measure] / own[measure]).toFixed(2)})`,
      );
      return [name, page.name, ...cells];
    });
  });
  const behind = THROTTLES.flatMap(({ name }, row) =>
    pages.slice(0, -1).flatMap((page, column) => {
      const measures = MEASURES.filter((measure) => medians[row][column][measure] >= medians[row].at(-1)[measure]);
      return measures.length ? [`- ${page.name} is **behind** on ${name}: ${measures.join(", ")}.`] : [];
    }),
  );
  return [
    `Chromium ${version}, ${PEER} ${peerVersion}, medians of ${RUNS} visits. In brackets: how many times as much the peer took.`,
    table(HEADS, rows, "llrrrrrr"),
    behind.join("\n") || "Girasol is ahead on every one.",
    `A drag begun at "first spin" on Fast 3G showed so many pictures: ${pages.map(({ name }, column) => `${name} ${angles[column]}`).join("; ")}.`,
    table(
      ["throttle", "delay of an answer, and rate"],
      THROTTLES.map((conditions) => [conditions.name, said(conditions)]),
      "ll",
    ),
  ].join("\n\n");
}

function switched(runs) {
  const rows = runs.map((times, run) => [`run ${run + 1}`, ...times.map(whole)]);
  const all = runs.flat();
  const late = all.filter((ms) => ms > 300).length;
  const sum = `Median ${whole(median(all))} ms, slowest ${whole(Math.max(...all))} ms; ${late ? `**${late} of ${all.length} took more than 300 ms**` : "none took more than 300 ms"}.`;
  return [table(["ms", ...runs[0].map((_, index) => index + 1)], rows), sum].join("\n\n");
}

const closers = [];
try {
  const girasol = await startGirasol();
  closers.push(girasol.stop);
  const { pages, files } = await contenders(girasol.base);
  const shop = await startShop({ ...files, "/switches": ["text/html", switchesPage(girasol.base)] });
  closers.push(shop.stop);
  const browser = await launch();
  closers.push(() => browser.close());
  write("spins", spins(pages, await compare(browser, shop.base, pages), browser.version()));
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await switches(browser, `${shop.base}/switches`));
  write("switches", switched(runs));
} finally {
  for (const close of closers.reverse()) await close();
}
