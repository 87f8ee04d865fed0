// Gestures: what fingers, mouse, wheel and keys do to the piece.

import { isMotionReduced } from "../motion";
import { nearestDegree, nextDegree } from "../rules/turn";
import type { Screen } from "../screen/screen";
import type { CloseUp } from "./close-up";

export interface Hand {
  /** Ends the coasting after a release. */
  stop(): void;
}

const DEGREES_PER_WIDTH = 360;
const PAGE_DEGREES = 30;
const KEY_FACTOR = 1.5;
// One notch of a wheel is about 100 pixels: a fifth larger.
const WHEEL_FACTOR = 1.0018;
// A finger that moves this far, and further across than along, turns and does not scroll.
const TOUCH_SLOP_PX = 4;
// After release the speed halves every 120 ms, and below 0.01 degrees a millisecond it has ended.
const HALF_LIFE_MS = 120;
const LEAST_SPEED = 0.01;
const GREATEST_SPEED = 1.2;
// A pointer that rested this long before its release has no speed.
const REST_MS = 60;

/**
 * Listens on the stage, whose width is one turn. Dragging to the right turns the front to the right, in any script.
 * `hero` gives the angle at which the turn starts; `onTouch` is called at every gesture.
 */
export function listenGestures(screen: Screen, closeUp: CloseUp, hero: () => number, onTouch: () => void): Hand {
  const target = screen.view.stage;
  const fingers = new Map<number, { x: number; y: number }>();
  let drag: { turning: boolean; x: number; y: number; at: number; speed: number } | undefined;
  let coasting = 0;

  const isStill = () => screen.degrees.length === 1;
  const turnBy = (degrees: number) => isStill() || screen.turn(screen.angle + degrees);
  const step = (from: number, direction: 1 | -1) =>
    isStill() || screen.turn(nextDegree(screen.degrees, from, direction));

  const stop = () => {
    cancelAnimationFrame(coasting);
    coasting = 0;
  };

  const coast = (speed: number) => {
    let last = performance.now();
    const tick = (now: number) => {
      const elapsed = Math.max(0, now - last);
      last = now;
      turnBy(speed * elapsed);
      speed *= 0.5 ** (elapsed / HALF_LIFE_MS);
      coasting = Math.abs(speed) > LEAST_SPEED ? requestAnimationFrame(tick) : 0;
    };
    coasting = requestAnimationFrame(tick);
  };

  const place = (x: number, y: number): [number, number] => {
    const { left, top, width, height } = target.getBoundingClientRect();
    return [(x - left) / width - 0.5, (y - top) / height - 0.5];
  };

  /** The middle between two fingers, and how far they are apart. */
  const pinch = () => {
    const [one, other] = [...fingers.values()] as [{ x: number; y: number }, { x: number; y: number }];
    const [x, y] = place((one.x + other.x) / 2, (one.y + other.y) / 2);
    return { x, y, apart: Math.hypot(one.x - other.x, one.y - other.y) || 1 };
  };

  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    onTouch();
    stop();
    const { pointerId, clientX: x, clientY: y } = event;
    fingers.set(pointerId, { x, y });
    drag =
      fingers.size === 1 ? { turning: event.pointerType !== "touch", x, y, at: event.timeStamp, speed: 0 } : undefined;
    target.setPointerCapture(pointerId);
  });

  target.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.size === 2 && pinch();
    const { clientX: x, clientY: y, timeStamp: at } = event;
    fingers.set(event.pointerId, { x, y });
    if (before) {
      const now = pinch();
      closeUp.zoomBy(now.apart / before.apart, before.x, before.y);
      return closeUp.panBy(now.x - before.x, now.y - before.y);
    }
    if (!drag) return;
    const across = x - drag.x;
    const along = y - drag.y;
    if (!drag.turning) {
      if (Math.abs(across) < TOUCH_SLOP_PX || Math.abs(across) < Math.abs(along)) return;
      drag.turning = true;
    }
    const degrees = (across / (target.clientWidth || 1)) * DEGREES_PER_WIDTH;
    const elapsed = at - drag.at;
    const speed = elapsed > 0 ? 0.6 * (degrees / elapsed) + 0.4 * drag.speed : drag.speed;
    drag = { turning: true, x, y, at, speed };
    turnBy(degrees);
    // Larger than its stage, the piece follows the hand up and down.
    closeUp.panBy(0, along / (target.clientHeight || 1));
  });

  target.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    if (!drag) return;
    const rested = event.timeStamp - drag.at > REST_MS;
    const speed = Math.max(-GREATEST_SPEED, Math.min(GREATEST_SPEED, drag.speed));
    drag = undefined;
    if (!rested && Math.abs(speed) > LEAST_SPEED && !isMotionReduced()) coast(speed);
    // Without motion the piece rests on a frame.
    else if (isMotionReduced()) screen.turn(nearestDegree(screen.degrees, screen.angle) ?? screen.angle);
  });

  // The browser took the pointer to scroll the page.
  target.addEventListener("pointercancel", ({ pointerId }) => {
    fingers.delete(pointerId);
    drag = undefined;
  });

  // A wheel is the page's, but for pinches on touchpads, which come as Ctrl and a wheel.
  const onWheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !closeUp.isFull()) return;
    event.preventDefault();
    closeUp.zoomBy(WHEEL_FACTOR ** -event.deltaY, ...place(event.clientX, event.clientY));
  };
  target.addEventListener("wheel", onWheel, { passive: false });

  const larger = () => closeUp.zoomBy(KEY_FACTOR);
  const next = () => step(screen.angle, 1);
  const previous = () => step(screen.angle, -1);
  const keys: Record<string, () => boolean | void> = {
    ArrowLeft: previous,
    ArrowDown: previous,
    ArrowRight: next,
    ArrowUp: next,
    PageUp: () => turnBy(PAGE_DEGREES),
    PageDown: () => turnBy(-PAGE_DEGREES),
    Home: () => screen.turn(hero()),
    End: () => step(hero(), -1),
    "+": larger,
    "=": larger,
    "-": () => closeUp.zoomBy(1 / KEY_FACTOR),
    f: () => void closeUp.toggleFull(),
    Escape: () => closeUp.leave(),
  };
  target.addEventListener("keydown", (event) => {
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    onTouch();
    stop();
    // With nothing to leave, Escape is left to the page.
    if (act() !== false) event.preventDefault();
  });

  return { stop };
}
