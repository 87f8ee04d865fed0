// Girasol and its peers side by side under Chromium's throttles, by HTTP/1.1 and by HTTP/2 over TLS, and ten switches; see
// benches/viewer.md.
//
// GIRASOL=target/release/girasol node benches/viewer/bench.mjs     (or GIRASOL_URL of a demo that runs)

import { launch } from "./browser.mjs";
import { startFront } from "./front.mjs";
import { contenders, PEERS } from "./pages.mjs";
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

/** One table; in brackets, how many times as much the better of the peers took. */
function spins(pages, { medians, angles }) {
  const better = medians.map((row) =>
    Object.fromEntries(
      MEASURES.map((measure) => [
        measure,
        Math.min(...row.filter((_, column) => pages[column].isPeer).map((own) => own[measure])),
      ]),
    ),
  );
  const rows = THROTTLES.flatMap(({ name }, row) =>
    pages.map((page, column) => {
      const own = medians[row][column];
      const cells = MEASURES.map((measure) =>
        page.isPeer
          ? whole(own[measure])
          : `${whole(own[measure])} (${(better[row][measure] / own[measure]).toFixed(2)})`,
      );
      return [name, page.name, ...cells];
    }),
  );
  const behind = THROTTLES.flatMap(({ name }, row) =>
    pages.flatMap((page, column) => {
      const measures = MEASURES.filter((measure) => medians[row][column][measure] >= better[row][measure]);
      return !page.isPeer && measures.length
        ? [`- ${page.name} is **behind** on ${name}: ${measures.join(", ")}.`]
        : [];
    }),
  );
  return [
    table(HEADS, rows, "llrrrrrr"),
    behind.join("\n") || "Girasol is ahead on every one.",
    `A drag begun at "first spin" on Fast 3G showed so many pictures: ${pages.map(({ name }, column) => `${name} ${angles[column]}`).join("; ")}.`,
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
  const plain = await contenders(girasol.base);
  const shop = await startShop({ ...plain.files, "/switches": ["text/html", switchesPage(girasol.base)] });
  closers.push(shop.stop);
  const browser = await launch();
  closers.push(() => browser.close());

  const sections = [
    `Chromium ${browser.version()}, ${PEERS.join(", ")}, medians of ${RUNS} visits. In brackets: how many times as much the better of the two peers took.`,
  ];
  const note = process.env.NOTE;
  if (note) sections.push(note);
  const measure = async (protocol, base, pages) =>
    sections.push(`### ${protocol}`, spins(pages, await compare(browser, base, pages)));
  await measure("HTTP/1.1", shop.base, plain.pages);

  // The pages name the addresses that they load from: over TLS they are others.
  const front = await startFront([girasol.base]);
  closers.push(front.stop);
  const secure = await contenders(girasol.base, front.bases[0]);
  const secureShop = await startShop(secure.files);
  closers.push(secureShop.stop);
  const shopFront = await startFront([secureShop.base]);
  closers.push(shopFront.stop);
  await measure("HTTP/2 over TLS, nginx in front", shopFront.bases[0], secure.pages);

  sections.push(
    table(
      ["throttle", "delay of an answer, and rate"],
      THROTTLES.map((conditions) => [conditions.name, said(conditions)]),
      "ll",
    ),
  );
  write("spins", sections.join("\n\n"));
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await switches(browser, `${shop.base}/switches`));
  write("switches", switched(runs));
} finally {
  for (const close of closers.reverse()) await close();
}
