import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { manifestOf } from "../fixture";
import type { Format, Manifest, Policy, Selected } from "../wire";
import { acceptsAvif, readHints } from "./hint-headers";
import { type Browser, ownHints } from "./hints";
import { atMost, decide } from "./policy";
import { wordOf } from "./tiers";

interface Case {
  note?: string;
  query?: string;
  headers: string[];
  default: string;
  changed: string;
}

// Tests run in `viewer`; the table is the whole project's.
const table = JSON.parse(readFileSync("../tests/policy/cases.json", "utf8")) as {
  policies: { default: Policy; changed: Policy };
  cases: Case[];
};

/** A query is the server's and the edge's to read. */
const cases = table.cases.filter((one) => one.note === undefined && !one.query);

for (const name of ["default", "changed"] as const) {
  test(`the_viewer_decides_by_the_${name}_policy_as_the_server_does`, () => {
    assert.ok(cases.length > 500);
    for (const one of cases) {
      const headers = one.headers.map((header) => header.split(/: (.*)/s));
      const lines = (wanted: string) =>
        headers.filter(([header]) => header?.toLowerCase() === wanted).map(([, value]) => value ?? "");
      const policy = table.policies[name];
      const { key } = decide(readHints(lines), policy);
      const [tier, frames, format] = [wordOf(key), policy.frames[key], acceptsAvif(lines) ? "avif" : "webp"];
      assert.equal(`${tier} ${frames} ${format}`, one[name], one.headers.join(" | "));
    }
  });
}

test("the_rules_that_decided_are_named", () => {
  const hints = { saveData: true, mobile: true };
  assert.deepEqual(decide(hints, table.policies.default).because, ["network: 3g or saving data", "device: mid-range"]);
});

const MAC =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1";

function fitted(
  browser: Partial<Browser>,
  selected: Partial<Selected> = {},
  manifest: Manifest = manifestOf(),
): string {
  const server: Selected = { tier: "standard", frames: 36, format: "avif", because: [], ...selected };
  const hints = ownHints({ userAgent: MAC, ...browser });
  const { tier, frames, format } = atMost(server, { ...manifest, policy: table.policies.default }, hints);
  return `${tier} ${frames} ${format}`;
}

test("a_browser_that_sends_no_hints_takes_no_more_than_the_policy_gives_it", () => {
  assert.equal(fitted({}), "standard 36 avif");
  assert.equal(fitted({ userAgent: IPHONE }), "standard 24 avif");
  assert.equal(fitted({ userAgentData: { mobile: true }, deviceMemory: 8 }), "standard 36 avif");
  assert.equal(fitted({ deviceMemory: 1 }), "preview 12 avif");
  assert.equal(fitted({ connection: { saveData: true } }), "preview 12 avif");
  assert.equal(fitted({ connection: { effectiveType: "2g", rtt: 1800, downlink: 0.2 } }), "still 1 avif");
  assert.equal(fitted({ connection: { effectiveType: "4g", rtt: 0, downlink: 10 } }), "standard 36 avif");
  assert.equal(fitted({ connection: { effectiveType: "wifi" } }), "standard 36 avif");
});

test("what_the_server_gave_is_never_made_more", () => {
  assert.equal(fitted({ deviceMemory: 8 }, { tier: "preview", frames: 12 }), "preview 12 avif");
  assert.equal(fitted({ userAgent: IPHONE }, { tier: "still", frames: 1, format: "webp" }), "still 1 webp");
  assert.equal(fitted({ userAgent: IPHONE }, { frames: 24 }), "standard 24 avif");
});

test("a_version_that_lacks_the_tier_gives_the_next_lower_one", () => {
  const without = (...missing: string[]) => {
    const manifest = manifestOf();
    for (const tier of missing) delete manifest.tiers[tier];
    return manifest;
  };
  assert.equal(fitted({ userAgent: IPHONE }, {}, without("standard-24")), "standard 36 avif");
  assert.equal(fitted({ deviceMemory: 1 }, {}, without("preview")), "still 1 avif");
  assert.equal(fitted({ deviceMemory: 1 }, {}, without("preview", "still")), "standard 24 avif");
});

test("a_thumbnail_takes_fewer_frames", () => {
  const small = (widthPx: number, frames = 36) => {
    const manifest = { ...manifestOf(), policy: table.policies.default };
    const server: Selected = { tier: "standard", frames, format: "avif", because: [] };
    return atMost(server, manifest, { ...ownHints({ userAgent: MAC }), widthPx }).frames;
  };
  assert.deepEqual([small(31), small(32), small(0), small(10, 24)], [24, 36, 36, 24]);
});

test("a_slow_measured_line_takes_the_preview", () => {
  const manifest = { ...manifestOf(), policy: table.policies.default };
  const server: Selected = { tier: "standard", frames: 36, format: "avif", because: [] };
  const at = (downlinkMbps: number) => atMost(server, manifest, { ...ownHints({ userAgent: MAC }), downlinkMbps }).tier;
  assert.deepEqual([at(0.5), at(5)], ["preview", "standard"]);
});

test("a_manifest_without_a_policy_leaves_the_choice_as_it_is", () => {
  const selected: Selected = { tier: "hd", frames: 60, format: "webp" as Format, because: [] };
  assert.equal(atMost(selected, manifestOf(), ownHints({ userAgent: IPHONE })), selected);
});
