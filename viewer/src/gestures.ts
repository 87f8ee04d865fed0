// Gestures: what fingers, mouse and keys do, told as degrees to turn.

/** What gestures act on. */
export interface Turnable {
  turnBy(degrees: number): void;
  /** To the next frame in a direction. */
  step(direction: 1 | -1): void;
  home(): void;
}

/** A hand on the piece. */
export interface Hand {
  /** Ends what is still turning by itself. */
  stop(): void;
}

const DEGREES_PER_WIDTH = 360;
const PAGE_DEGREES = 30;
// A finger that goes this far, and further across than along, wants to turn and not to scroll.
const TOUCH_SLOP_PX = 4;
// After release the speed halves every 120 ms, and below 0.01 degrees a millisecond it has ended.
const HALF_LIFE_MS = 120;
const LEAST_SPEED = 0.01;
const GREATEST_SPEED = 1.2;
// A pointer that rested this long before its release has no speed.
const REST_MS = 60;

/** Listens on an element whose width is one turn. Dragging to the right turns the front to the right. */
export function listenGestures(target: HTMLElement, piece: Turnable): Hand {
  let drag: { id: number; x: number; y: number; turning: boolean; at: number; speed: number } | undefined;
  let coasting = 0;

  const stop = () => {
    cancelAnimationFrame(coasting);
    coasting = 0;
  };

  const coast = (speed: number) => {
    let last = performance.now();
    const tick = (now: number) => {
      const elapsed = Math.max(0, now - last);
      last = now;
      piece.turnBy(speed * elapsed);
      speed *= 0.5 ** (elapsed / HALF_LIFE_MS);
      coasting = Math.abs(speed) > LEAST_SPEED ? requestAnimationFrame(tick) : 0;
    };
    coasting = requestAnimationFrame(tick);
  };

  target.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    stop();
    const turning = event.pointerType !== "touch";
    drag = { id: event.pointerId, x: event.clientX, y: event.clientY, turning, at: event.timeStamp, speed: 0 };
    target.setPointerCapture(event.pointerId);
  });

  target.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const across = event.clientX - drag.x;
    if (!drag.turning) {
      const along = event.clientY - drag.y;
      if (Math.abs(across) < TOUCH_SLOP_PX || Math.abs(across) < Math.abs(along)) return;
      drag.turning = true;
    }
    const degrees = (across / (target.clientWidth || 1)) * DEGREES_PER_WIDTH;
    const elapsed = event.timeStamp - drag.at;
    if (elapsed > 0) drag.speed = 0.6 * (degrees / elapsed) + 0.4 * drag.speed;
    drag.x = event.clientX;
    drag.at = event.timeStamp;
    piece.turnBy(degrees);
  });

  target.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const rested = event.timeStamp - drag.at > REST_MS;
    const speed = Math.max(-GREATEST_SPEED, Math.min(GREATEST_SPEED, drag.speed));
    drag = undefined;
    if (!rested && Math.abs(speed) > LEAST_SPEED && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      coast(speed);
    }
  });

  // The browser took the pointer to scroll the page.
  target.addEventListener("pointercancel", () => (drag = undefined));

  // Up and down are left to the page, which scrolls with them.
  const keys: Record<string, () => void> = {
    ArrowLeft: () => piece.step(-1),
    ArrowRight: () => piece.step(1),
    PageUp: () => piece.turnBy(PAGE_DEGREES),
    PageDown: () => piece.turnBy(-PAGE_DEGREES),
    Home: () => piece.home(),
  };
  target.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    stop();
    act();
  });

  return { stop };
}
