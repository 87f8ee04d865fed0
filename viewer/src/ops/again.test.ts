import assert from "node:assert/strict";
import { test } from "node:test";
import { waitMs } from "./again";

test("waits_double_up_to_half_a_minute", () => {
  assert.deepEqual(
    [0, 1, 2, 4, 5, 50].map((failures) => waitMs(failures, 1)),
    [1_000, 2_000, 4_000, 16_000, 30_000, 30_000],
  );
  assert.equal(waitMs(0, 0), 750);
});
