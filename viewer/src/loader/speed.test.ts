import assert from "node:assert/strict";
import { test } from "node:test";
import { speedOf } from "./speed";

test("the_line_is_measured_beyond_what_comes_in_the_first_flight", () => {
  const timing = { transferSize: 50_300, encodedBodySize: 50_000, responseStart: 100, responseEnd: 580 };
  assert.equal(speedOf(timing), 0.6);
  assert.equal(speedOf({ ...timing, transferSize: 0 }), undefined);
  assert.equal(speedOf({ ...timing, encodedBodySize: 9000 }), undefined);
  assert.equal(speedOf({ ...timing, responseStart: 0 }), undefined);
});
