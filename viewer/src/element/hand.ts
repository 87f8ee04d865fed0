// The hand: what a finger, the mouse and keys do to the piece. It turns; zooming and coasting are the second file's.

import { nextDegree } from "../rules/turn";
import type { Screen } from "../screen/screen";
import type { Place } from "../screen/view";
import type { Full } from "./full";
import type { More } from "./kit";

const DEGREES_PER_WIDTH = 360;
const PAGE_DEGREES = 30;
const KEY_FACTOR = 1.5;
// What moves less than this is a tap. A finger has to move further across than along to turn; else it scrolls.
const SLOP_PX = 4;
interface Drag extends Place {
  /** Further than a tap. */
  isMoving: boolean;
}

/**
 * Listens on the frame; the width of the piece is one turn. Dragging to the right turns the front to the right, in any
 * script. `use` hands the second file over, at once if it is there; `hero` gives the angle at which the turn starts;
 * `onTouch` is called at every gesture. Returns the fingers that touch the piece, and the mouse: where they are in the
 * viewport.
 */
export function listenGestures(
  screen: Screen,
  full: Full,
  use: (then: (more: More) => void) => void,
  more: () => More | undefined,
  hero: () => number,
  onTouch: () => void,
): Map<number, Place> {
  const { view } = screen;
  const { frame, stage } = view;
  const fingers = new Map<number, Place>();
  let drag: Drag | undefined;
  let hasDragged = false;

  const isStill = () => screen.degrees.length === 1;
  const turnBy = (degrees: number) => isStill() || screen.turnBy(degrees);
  const step = (from: number, direction: 1 | -1) =>
    isStill() || screen.turn(nextDegree(screen.degrees, from, direction));

  /** A button of the element, which takes presses of its own; a hotspot may be the beginning of a drag. */
  const isControl = (target: EventTarget | null) => (target as Element).closest?.("[part~=control], .message");

  frame.addEventListener("pointerdown", (event) => {
    const { target, pointerId, clientX: x, clientY: y } = event;
    if (event.button !== 0 || isControl(target)) return;
    onTouch();
    fingers.set(pointerId, { x, y });
    hasDragged = false;
    drag = fingers.size === 1 ? { x, y, isMoving: false } : undefined;
  });

  frame.addEventListener("pointermove", (event) => {
    const { pointerId, clientX: x, clientY: y } = event;
    if (!fingers.has(pointerId)) return;
    fingers.set(pointerId, { x, y });
    if (!drag) return;
    const gone = { x: x - drag.x, y: y - drag.y };
    const way = view.toLocal(gone);
    if (!drag.isMoving) {
      const isMine = event.pointerType !== "touch" || view.scale > 1 || Math.abs(way.x) >= Math.abs(way.y);
      if (Math.max(Math.abs(gone.x), Math.abs(gone.y)) < SLOP_PX || !isMine) return;
      hasDragged = true;
      stage.setPointerCapture(pointerId);
    }
    drag = { x, y, isMoving: true };
    const across = more()?.drag(way, gone, event) ?? way.x;
    turnBy((across / view.width()) * DEGREES_PER_WIDTH);
  });

  const lift = ({ pointerId }: PointerEvent) => {
    if (!fingers.delete(pointerId)) return;
    const [left] = fingers.values();
    // The finger that stays after a pinch goes on with what one finger does.
    drag = left && { ...left, isMoving: false };
  };
  frame.addEventListener("pointerup", lift);
  // The browser took the pointer to scroll the page.
  frame.addEventListener("pointercancel", lift);

  // Not every browser sends the click after a drag to what captured the pointer.
  const onClick = (event: Event) => hasDragged && !isControl(event.target) && event.preventDefault();
  frame.addEventListener("click", onClick, true);

  // Pictures and links would be dragged away by the browser.
  view.host.addEventListener("dragstart", (event) => event.preventDefault());

  const larger = () => use((more) => more.zoom(KEY_FACTOR));
  const keys: Record<string, () => void> = {
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
    f: () => full.toggle(),
  };
  stage.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const act = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!act) return;
    onTouch();
    act();
    event.preventDefault();
  });

  return fingers;
}
