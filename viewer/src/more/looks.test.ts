import assert from "node:assert/strict";
import { test } from "node:test";
import { createLooks } from "./looks";

/** Looks at a piece on a clock that is turned by hand. */
function look() {
  let now = 1000;
  performance.now = () => now;
  const host = new EventTarget();
  const screen = { angle: 0, isPlaying: false };
  const looks = createLooks({ host, screen } as unknown as Parameters<typeof createLooks>[0]);
  const turn = (angle: number, after: number) => {
    now += after;
    screen.angle = angle;
    host.dispatchEvent(new Event("anglechange"));
  };
  const wait = (ms: number) => {
    now += ms;
  };
  return { looks, screen, turn, wait };
}

test("each_sector_has_the_time_that_it_was_looked_at_from_the_first_touch_on", () => {
  const { looks, turn, wait } = look();
  turn(90, 5000);
  looks.begin();
  turn(95, 100);
  turn(12, 200);
  turn(359, 50);
  wait(7);
  const expected = Array.from({ length: 36 }, () => 0);
  expected[9] = 300;
  expected[1] = 50;
  expected[35] = 7;
  assert.deepEqual(looks.take(), expected);
  wait(1000);
  assert.deepEqual(looks.take(), []);
});

test("a_long_rest_counts_ten_seconds_and_a_piece_that_plays_not_at_all", () => {
  const { looks, screen, turn, wait } = look();
  looks.begin();
  wait(60_000);
  turn(10, 0);
  screen.isPlaying = true;
  turn(20, 400);
  assert.deepEqual(looks.take(), [10_000]);
});
