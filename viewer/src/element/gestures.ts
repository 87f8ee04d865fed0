// Gestures: what fingers, mouse, wheel and keys do, told as degrees to turn and factors to zoom.

/** What gestures act on. Places and ways are shares of the stage, places from its middle. */
export interface Turnable {
  turnBy(degrees: number): void;
  /** To the next frame in a direction. */
  step(direction: 1 | -1): void;
  /** To where the turn starts, or to the last frame before that. */
  home(): void;
  end(): void;
  /** The hand has let go, and the piece does not coast. */
  rest(): void;
  zoomBy(factor: number, x?: number, y?: number): void;
  panBy(across: number, along: number): void;
  toggleFullscreen(): void;
  /** Out of zoom, then out of full screen; whether there was something to leave. */
  leave(): boolean;
  /** Whether a wheel zooms without Ctrl. */
  ownsWheel(): boolean;
  /** Somebody touches it. */
  onTouch(): void;
}

/** A hand on the piece. */
export interface Hand {
  /** Ends what is still turning by itself. */
  stop(): void;
}

const DEGREES_PER_WIDTH = 360;
const PAGE_DEGREES = 30;
const KEY_FACTOR = 1.5;
// One notch of a wheel is about 100 pixels: a fifth larger.
const WHEEL_FACTOR = 1.0018;
// A finger that goes this far, and further across than along, wants to turn and not to scroll.
const TOUCH_SLOP_PX = 4;
// After release the speed halves every 120 ms, and below 0.01 degrees a millisecond it has ended.
const HALF_LIFE_MS = 120;
const LEAST_SPEED = 0.01;
const GREATEST_SPEED = 1.2;
// A pointer that rested this long before its release has no speed.
const REST_MS = 60;

export const isMotionReduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Listens on an element whose width is one turn. Dragging to the right turns the front to the right, in any script. */
export function listenGestures(target: HTMLElement, piece: Turnable): Hand {
  const fingers = new Map<number, { x: number; y: number }>();
  let drag: { turning: boolean; x: number; y: number; at: number; speed: number } | undefined;
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
    piece.onTouch();
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
      piece.zoomBy(now.apart / before.apart, before.x, before.y);
      return piece.panBy(now.x - before.x, now.y - before.y);
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
    piece.turnBy(degrees);
    // Larger than its stage, the piece follows the hand up and down.
    piece.panBy(0, along / (target.clientHeight || 1));
  });

  target.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    if (!drag) return;
    const rested = event.timeStamp - drag.at > REST_MS;
    const speed = Math.max(-GREATEST_SPEED, Math.min(GREATEST_SPEED, drag.speed));
    drag = undefined;
    if (!rested && Math.abs(speed) > LEAST_SPEED && !isMotionReduced()) coast(speed);
    else piece.rest();
  });

  // The browser took the pointer to scroll the page.
  target.addEventListener("pointercancel", ({ pointerId }) => {
    fingers.delete(pointerId);
    drag = undefined;
  });

  // A wheel is the page's, but for pinches on touchpads, which come as Ctrl and a wheel.
  const onWheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !piece.ownsWheel()) return;
    event.preventDefault();
    piece.zoomBy(WHEEL_FACTOR ** -event.deltaY, ...place(event.clientX, event.clientY));
  };
  target.addEventListener("wheel", onWheel, { passive: false });

  const larger = () => piece.zoomBy(KEY_FACTOR);
  const next = () => piece.step(1);
  const previous = () => piece.step(-1);
  const keys: Record<string, () => boolean | void> = {
    ArrowLeft: previous,
    ArrowDown: previous,
    ArrowRight: next,
    ArrowUp: next,
    PageUp: () => piece.turnBy(PAGE_DEGREES),
    PageDown: () => piece.turnBy(-PAGE_DEGREES),
    Home: () => piece.home(),
    End: () => piece.end(),
    "+": larger,
    "=": larger,
    "-": () => piece.zoomBy(1 / KEY_FACTOR),
    f: () => piece.toggleFullscreen(),
    Escape: () => piece.leave(),
  };
  target.addEventListener("keydown", (event) => {
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    piece.onTouch();
    stop();
    // Escape is left to whoever else waits for it, where there is nothing to leave.
    if (act() !== false) event.preventDefault();
  });

  return { stop };
}
