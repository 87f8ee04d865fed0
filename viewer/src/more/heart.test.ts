import assert from "node:assert/strict";
import { test } from "node:test";
import { busiest } from "./heart";

const SIDE = 24;

function picture(grey: (x: number, y: number) => number): number[] {
  const each = Array.from({ length: SIDE * SIDE }, (_, index) => grey(index % SIDE, Math.floor(index / SIDE)));
  return each.flatMap((value) => [value, value, value, 255]);
}

test("the_heart_of_a_ring_is_its_stone_and_not_its_empty_middle", () => {
  const [x, y] = busiest(
    picture((x, y) => {
      if (Math.abs(x - 12) < 4 && y < 6) return (x + y) % 2 ? 250 : 90;
      const apart = Math.hypot(x - 12, y - 13);
      return apart > 7 && apart < 8.5 ? 150 : 255;
    }),
  );
  assert.ok(Math.abs(x - 0.5) < 0.1 && y < 0.3, `${x} ${y}`);
});

test("where_there_is_nothing_the_heart_is_the_middle", () => {
  assert.deepEqual(busiest(picture(() => 255)), [0.5, 0.5]);
});
