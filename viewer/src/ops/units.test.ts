import assert from "node:assert/strict";
import { test } from "node:test";
import { digitsOf, momentOf, nameOf, scaleOf, wordOf } from "./units";

test("values_have_the_unit_in_which_they_read_best", () => {
  const words = [
    wordOf("seconds", 0),
    wordOf("seconds", 0.018),
    wordOf("seconds", 1.25),
    wordOf("seconds", 600),
    wordOf("seconds", 9000),
    wordOf("milliseconds", 84.3),
    wordOf("milliseconds", 2500),
    wordOf("bytes-per-second", 1_530_000),
    wordOf("bytes", 12),
    wordOf("per-second", 41.27),
    wordOf("per-second", 0.05),
    wordOf("per-second", 0.001),
    wordOf("percent", 99.96),
    wordOf("number", 0),
  ];
  assert.deepEqual(words, [
    "0 s",
    "18 ms",
    "1.25 s",
    "10 min",
    "2.5 h",
    "84.3 ms",
    "2.5 s",
    "1.53 MB/s",
    "12 B",
    "41.3/s",
    "3/min",
    "3.6/h",
    "100 %",
    "0",
  ]);
});

test("a_number_has_three_digits_at_most", () => {
  assert.deepEqual([1234.6, 99.5, 9.96, 0.1264, 0.00321, 0].map(digitsOf), [
    "1,235",
    "100",
    "9.96",
    "0.126",
    "0.0032",
    "0",
  ]);
});

test("an_address_has_a_short_name", () => {
  assert.equal(nameOf("/api/products/customizable/{configuration}/sequence"), "…/{configuration}/sequence");
  assert.equal(nameOf("/s/{set}/{file}"), "/s/{set}/{file}");
});

test("an_axis_has_one_unit", () => {
  assert.deepEqual(scaleOf("per-second", 0.2), { unit: "/min", by: 60 });
  assert.deepEqual(scaleOf("bytes", 2e9), { unit: "GB", by: 1e-9 });
});

test("a_moment_of_another_day_has_its_date", () => {
  const now = new Date(2026, 10, 27, 18, 0).getTime();
  const at = (day: number) => new Date(2026, 10, day, 9, 5).getTime() / 1000;
  assert.equal(momentOf(at(27), 60, now), "09:05");
  assert.equal(momentOf(at(26), 3600, now), "26 Nov, 09:05");
});
