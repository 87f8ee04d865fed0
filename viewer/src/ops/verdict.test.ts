import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "../api";
import { inOrder, latestOf, stateOf, verdictOf } from "./verdict";

const alert = (name: string, rest: Partial<Alert> = {}): Alert => ({
  name,
  severity: "warning",
  state: "firing",
  subject: "",
  text: "",
  value: 1,
  since: "2026-11-27T10:00:00Z",
  fired: null,
  notified: null,
  silenced: false,
  ...rest,
});

test("the_worst_decides_and_what_is_silenced_does_not", () => {
  const seen = { alerts: [], score: 98, unwell: [] };
  assert.equal(verdictOf(seen).state, "well");
  assert.equal(verdictOf({ ...seen, score: undefined }).state, "unknown");
  const critical = alert("disk-low", { severity: "critical" });
  assert.equal(verdictOf({ ...seen, alerts: [alert("queue-old")] }).state, "warning");
  assert.ok(verdictOf({ ...seen, alerts: [alert("queue-old"), critical] }).words.endsWith("1 critical alert"));
  for (const quiet of [{ silenced: true }, { state: "pending" as const }]) {
    assert.equal(verdictOf({ ...seen, alerts: [{ ...critical, ...quiet }] }).state, "well");
  }
  const unwell = [{ name: "store", condition: "degraded" as const }];
  assert.equal(verdictOf({ ...seen, unwell }).words, "Degraded: store");
  assert.equal(verdictOf({ ...seen, unwell: [{ name: "database", condition: "failed" }] }).state, "critical");
});

test("a_value_is_as_bad_as_the_worst_bound_that_it_is_beyond", () => {
  const bounds = [
    { alert: "latency-critical", severity: "critical" as const, value: 300 },
    { alert: "latency-warning", severity: "warning" as const, value: 250 },
  ];
  assert.deepEqual(
    [undefined, 20, 250, 251, 301].map((value) => stateOf(value, bounds, false)),
    ["unknown", "well", "well", "warning", "critical"],
  );
  const low = [{ alert: "disk-low", severity: "critical" as const, value: 10 }];
  assert.deepEqual(
    [9, 10, 50].map((value) => stateOf(value, low, true)),
    ["critical", "well", "well"],
  );
});

test("alerts_stand_in_the_order_in_which_they_need_a_person", () => {
  const names = inOrder([
    alert("silenced", { severity: "critical", silenced: true }),
    alert("pending", { state: "pending", severity: "critical" }),
    alert("late", { since: "2026-11-27T11:00:00Z" }),
    alert("early"),
    alert("critical", { severity: "critical" }),
  ]).map(({ name }) => name);
  assert.deepEqual(names, ["critical", "early", "late", "pending", "silenced"]);
});

test("the_newest_value_is_the_last_one_that_was_measured", () => {
  assert.equal(latestOf([1, 2, null, null]), 2);
  assert.equal(latestOf([null]), undefined);
});
