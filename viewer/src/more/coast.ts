// Coasting: a piece that is let go while it turns goes on for a moment.

import type { Kit } from "../element/kit";
import { nearestDegree } from "../rules/turn";

export interface Coast {
  /** A hand has turned the piece by so many degrees; `at`, in milliseconds, is the time stamp of its event. */
  note(degrees: number, at: number): void;
  end(): void;
}

// The speed halves every 120 ms, and below 0.01 degrees a millisecond it has ended.
const HALF_LIFE_MS = 120;
const LEAST_SPEED = 0.01;
const GREATEST_SPEED = 1.2;
// A pointer that rested this long before its release has no speed.
const REST_MS = 60;

/** Listens on the frame, after the hand that turns the piece there. */
export function createCoast({ screen, fingers, isMotionReduced }: Kit): Coast {
  const { frame } = screen.view;
  let request = 0;
  /** When a hand turned the piece last; undefined while it has not. */
  let turnedAt: number | undefined;
  let touchedAt = 0;
  /** Degrees a millisecond. */
  let speed = 0;

  const start = (released: number) => {
    speed = Math.max(-GREATEST_SPEED, Math.min(GREATEST_SPEED, released));
    let last = performance.now();
    const tick = (now: number) => {
      if (Math.abs(speed) <= LEAST_SPEED) return;
      const elapsed = Math.max(0, now - last);
      last = now;
      screen.turnBy(speed * elapsed);
      speed *= 0.5 ** (elapsed / HALF_LIFE_MS);
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
  };

  const begin = ({ timeStamp }: Event) => {
    [touchedAt, turnedAt, speed] = [timeStamp, undefined, 0];
  };
  frame.addEventListener("pointerdown", begin);
  frame.addEventListener("pointercancel", begin);
  frame.addEventListener("pointerup", (event) => {
    const [at, released] = [turnedAt, speed];
    begin(event);
    // The finger that stays after a pinch goes on.
    if (at === undefined || fingers.size) return;
    // Without motion the piece rests on a frame.
    if (isMotionReduced()) screen.turn(nearestDegree(screen.degrees, screen.angle) ?? screen.angle);
    else if (event.timeStamp - at <= REST_MS) start(released);
  });

  return {
    note(degrees, at) {
      if (!degrees) return;
      const elapsed = at - (turnedAt ?? touchedAt);
      if (elapsed > 0) speed = 0.6 * (degrees / elapsed) + 0.4 * speed;
      turnedAt = at;
    },
    end: () => cancelAnimationFrame(request),
  };
}
