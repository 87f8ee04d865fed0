// Lighthouse on the demo page of the real server, as on a phone and on a desk; see benches/viewer.md.
//
// GIRASOL=target/release/girasol node benches/viewer/lighthouse.mjs     (or GIRASOL_URL of a demo that runs)

import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import { executablePath, FLAGS } from "./browser.mjs";
import { startGirasol } from "./servers.mjs";
import { median, table, write } from "./sheet.mjs";

const RUNS = Number(process.env.RUNS ?? 3);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
/** Audits with their usual name, their unit and the factor to it. */
const FIGURES = [
  ["first-contentful-paint", "FCP, ms", 0],
  ["largest-contentful-paint", "LCP, ms", 0],
  ["total-blocking-time", "TBT, ms", 0],
  ["cumulative-layout-shift", "CLS", 3],
];

const SCREENS = [
  ["phone", undefined],
  ["desk", desktopConfig],
];

async function run(url, config) {
  const chrome = await launch({ chromePath: executablePath, chromeFlags: FLAGS, logLevel: "silent" });
  try {
    const flags = { port: chrome.port, onlyCategories: CATEGORIES, logLevel: "error" };
    const { lhr } = await lighthouse(url, flags, config);
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    return lhr;
  } finally {
    await chrome.kill();
  }
}

const score = (lhr, category) => Math.round(100 * lhr.categories[category].score);

/** Audits below 1 in any run, with their weight and their first finding. */
function findings(runs) {
  const found = new Map();
  for (const lhr of runs) {
    for (const category of CATEGORIES) {
      for (const { id, weight } of lhr.categories[category].auditRefs) {
        const { score, title, displayValue, details } = lhr.audits[id];
        if (score === null || score >= 1 || found.get(id)?.score <= score) continue;
        // Some audits have one object of details instead of a list.
        const [item] = [details?.items ?? []].flat();
        const where = item?.node?.snippet ?? item?.url?.replace(/^https?:\/\/[^/]+/, "");
        found.set(id, {
          score,
          weight,
          said: [title, displayValue, where && `\`${where}\``].filter(Boolean).join("; "),
        });
      }
    }
  }
  const rows = [...found].sort(([, one], [, other]) => other.weight - one.weight);
  return rows.map(([id, { score, weight, said }]) => [id, score.toFixed(2), weight, said.replaceAll("|", "\\|")]);
}

const girasol = await startGirasol();
try {
  const runs = [];
  const medians = [];
  for (const [screen, config] of SCREENS) {
    const own = [];
    for (let index = 0; index < RUNS; index += 1) own.push(await run(`${girasol.base}/`, config));
    const scores = CATEGORIES.map((category) => median(own.map((lhr) => score(lhr, category))));
    const figures = FIGURES.map(([id, , digits]) =>
      median(own.map((lhr) => lhr.audits[id].numericValue)).toFixed(digits),
    );
    medians.push([screen, ...scores, ...figures]);
    runs.push(...own);
  }
  const rows = findings(runs);
  const heads = [
    "screen",
    ...CATEGORIES.map((category) => runs[0].categories[category].title.toLowerCase()),
    ...FIGURES.map(([, name]) => name),
  ];
  const text = [
    `Lighthouse ${runs[0].lighthouseVersion}, Chromium ${/Chrome\/(\d+)/.exec(runs[0].environment.hostUserAgent)[1]}.`,
    table(heads, medians),
    rows.length
      ? `Below 1 in one run at least, the worst of them:\n\n${table(["audit", "score", "weight", ""], rows, "lrrl")}`
      : "Nothing is below 1.",
  ];
  write("lighthouse", text.join("\n\n"));
} finally {
  await girasol.stop();
}
