// The hand: what a finger, the mouse and keys do to the piece. It turns; what zooms is the second file's.

import { isMotionReduced } from "../motion";
import { nearestDegree, nextDegree } from "../rules/turn";
import type { Screen } from "../screen/screen";
import type { Full } from "./full";
import type { Hand, More, Place } from "./kit";

const DEGREES_PER_WIDTH = 360;
const PAGE_DEGREES = 30;
const KEY_FACTOR = 1.5;
// What moves less than this is a tap. A finger has to move further across than along to turn; else it scrolls.
const SLOP_PX = 4;
// After release the speed halves every 120 ms, and below 0.01 degrees a millisecond it has ended.
const HALF_LIFE_MS = 120;
const LEAST_SPEED = 0.01;
const GREATEST_SPEED = 1.2;
// A pointer that rested this long before its release has no speed.
const REST_MS = 60;

interface Drag extends Place {
  /** Further than a tap. */
  isMoving: boolean;
  /** Looking about turns nothing. */
  hasTurned: boolean;
  at: number;
  speed: number;
}

/**
 * Listens on the frame; the width of the piece is one turn. Dragging to the right turns the front to the right, in any
 * script. `hero` gives the angle at which the turn starts; `onTouch` is called at every gesture. `use` hands the second
 * file over, at once if it is there.
 */
export function listenGestures(
  screen: Screen,
  full: Full,
  use: (then: (more: More) => void) => void,
  more: () => More | undefined,
  hero: () => number,
  onTouch: () => void,
): Hand {
  const { frame, stage } = screen.view;
  const fingers = new Map<number, Place>();
  let drag: Drag | undefined;
  let hasDragged = false;
  let coasting = 0;

  const isStill = () => screen.degrees.length === 1;
  const turnBy = (degrees: number) => isStill() || screen.turnBy(degrees);
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

  const begin = (place: Place, at: number): Drag => ({ ...place, at, isMoving: false, hasTurned: false, speed: 0 });

  /** A button of the element, which takes presses of its own; a hotspot may be the beginning of a drag. */
  const isControl = (target: EventTarget | null) => (target as Element).closest?.("[part~=control], .message");

  frame.addEventListener("pointerdown", (event) => {
    const { target, pointerId, clientX: x, clientY: y, timeStamp: at } = event;
    if (event.button !== 0 || isControl(target)) return;
    onTouch();
    stop();
    fingers.set(pointerId, { x, y });
    hasDragged = false;
    drag = fingers.size === 1 ? begin({ x, y }, at) : undefined;
  });

  frame.addEventListener("pointermove", (event) => {
    const { pointerId, pointerType, clientX: x, clientY: y, timeStamp: at } = event;
    if (!fingers.has(pointerId)) return;
    fingers.set(pointerId, { x, y });
    if (!drag) return;
    const way = { x: x - drag.x, y: y - drag.y };
    if (!drag.isMoving) {
      const [across, along] = [Math.abs(way.x), Math.abs(way.y)];
      const isMine = pointerType !== "touch" || screen.view.scale > 1 || across >= along;
      if (Math.max(across, along) < SLOP_PX || !isMine) return;
      drag.isMoving = hasDragged = true;
      stage.setPointerCapture(pointerId);
    }
    const across = more()?.drag(way, pointerType === "touch") ?? way.x;
    const degrees = (across / screen.view.width()) * DEGREES_PER_WIDTH;
    const elapsed = at - drag.at;
    const speed = elapsed > 0 ? 0.6 * (degrees / elapsed) + 0.4 * drag.speed : drag.speed;
    drag = { isMoving: true, hasTurned: drag.hasTurned || !!degrees, x, y, at, speed };
    turnBy(degrees);
  });

  const lift = ({ pointerId }: PointerEvent) => {
    if (!fingers.delete(pointerId)) return;
    const [left] = fingers.values();
    // The finger that stays after a pinch goes on with what one finger does.
    drag = left && begin(left, performance.now());
  };

  frame.addEventListener("pointerup", (event) => {
    if (drag?.hasTurned) release(drag, event.timeStamp);
    lift(event);
  });

  // The browser took the pointer to scroll the page.
  frame.addEventListener("pointercancel", lift);

  const release = ({ at, speed }: Drag, now: number) => {
    const bounded = Math.max(-GREATEST_SPEED, Math.min(GREATEST_SPEED, speed));
    if (isMotionReduced()) {
      // Without motion the piece rests on a frame.
      screen.turn(nearestDegree(screen.degrees, screen.angle) ?? screen.angle);
    } else if (now - at <= REST_MS && Math.abs(bounded) > LEAST_SPEED) coast(bounded);
  };

  // Not every browser sends the click after a drag to what captured the pointer.
  const onClick = (event: Event) => hasDragged && !isControl(event.target) && event.preventDefault();
  frame.addEventListener("click", onClick, true);

  // Pictures and links would be dragged away by the browser.
  screen.view.host.addEventListener("dragstart", (event) => event.preventDefault());

  const larger = () => use((more) => more.zoom(KEY_FACTOR));
  const keys: Record<string, () => boolean | void> = {
    ArrowLeft: () => step(screen.angle, -1),
    ArrowDown: () => step(screen.angle, -1),
    ArrowRight: () => step(screen.angle, 1),
    ArrowUp: () => step(screen.angle, 1),
    PageUp: () => turnBy(PAGE_DEGREES),
    PageDown: () => turnBy(-PAGE_DEGREES),
    Home: () => screen.turn(hero()),
    End: () => step(hero(), -1),
    "+": larger,
    "=": larger,
    "-": () => use((more) => more.zoom(1 / KEY_FACTOR)),
    f: () => void full.toggle(),
    // Without a zoom it leaves full screen.
    Escape: () => !!more()?.leaveZoom(),
  };
  stage.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act) return;
    onTouch();
    stop();
    // With nothing to leave, Escape is left to the page.
    if (act() !== false) event.preventDefault();
  });

  return { fingers, stop };
}
