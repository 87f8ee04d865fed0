import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST, RANGES, readView, writeView } from "./address";

test("an_address_keeps_what_is_shown", () => {
  for (const [hours] of RANGES) {
    for (const isWall of [false, true]) {
      assert.deepEqual(readView(writeView({ hours, isWall })), { hours, isWall });
    }
  }
});

test("an_address_that_says_something_else_shows_the_first_view", () => {
  for (const hash of ["", "#", "#hours=7", "#hours=x", "#main"]) assert.deepEqual(readView(hash), FIRST);
  assert.deepEqual(readView("#wall"), { hours: FIRST.hours, isWall: true });
});
