// The grip: what two fingers, taps, the wheel and keys do to the piece, beside what turns it.

import type { Kit } from "../element/kit";
import type { Place } from "../screen/view";
import type { Autospin } from "./autospin";
import { boxOf } from "./box";
import type { CloseUp } from "./close-up";

// One notch of a wheel is about 100 pixels: a fifth larger.
const WHEEL_FACTOR = 1.0018;
const TAP_MS = 300;
const SLOP_PX = 6;
const TAPS_APART_PX = 30;
// By keys, so much of the piece.
const LOOK_STEP = 0.2;

/**
 * Listens on the frame. Hotspots may be the beginning of a pinch, but are no place for a double tap. Returns what has to be
 * called once the piece is laid out.
 */
export function listenGrip({ screen: { view }, full, fingers }: Kit, closeUp: CloseUp, autospin: Autospin): () => void {
  const { frame, stage } = view;
  let pinched: Place[] | undefined;
  let down: (Place & { at: number }) | undefined;
  let tapped: (Place & { at: number }) | undefined;

  const apart = (one: Place, other: Place) => Math.hypot(one.x - other.x, one.y - other.y);
  const isOnPiece = (target: EventTarget | null) => !(target as Element).closest("a, button, [slot=hotspot]");

  /** Leaves swipes along the piece to the page: browsers go by the screen, however the page has turned the piece. */
  const leaveScrolling = () => {
    const { x, y } = view.toLocal({ x: 1, y: 0 });
    frame.style.setProperty("--scroll", Math.abs(x) < Math.abs(y) ? "pan-x" : "pan-y");
  };

  frame.addEventListener("pointerdown", ({ target, pointerId, timeStamp: at, clientX: x, clientY: y }) => {
    // For the next one: the browser has decided about this touch.
    leaveScrolling();
    pinched = fingers.size === 2 ? [...fingers.values()] : undefined;
    if (pinched) for (const finger of fingers.keys()) stage.setPointerCapture(finger);
    down = fingers.size === 1 && fingers.has(pointerId) && isOnPiece(target) ? { x, y, at } : undefined;
  });

  // The mouse was released where nothing tells of it: behind a dialog of the browser's, or while the piece was elsewhere.
  const forget = ({ buttons, pointerId }: PointerEvent) => !buttons && fingers.delete(pointerId);
  // Before the hand, which would turn the piece to where the mouse is now.
  frame.addEventListener("pointermove", forget, { capture: true });

  frame.addEventListener("pointermove", () => {
    if (fingers.size !== 2) return;
    const now = [...fingers.values()];
    closeUp.pinch(pinched ?? now, now);
    pinched = now;
  });

  frame.addEventListener("pointerup", ({ timeStamp: at, clientX: x, clientY: y }) => {
    const tap = { x, y, at };
    if (!down || at - down.at > TAP_MS || apart(tap, down) > SLOP_PX) {
      tapped = undefined;
    } else if (tapped && at - tapped.at < TAP_MS && apart(tap, tapped) < TAPS_APART_PX) {
      tapped = undefined;
      closeUp.doubleTap(tap);
    } else tapped = tap;
    down = undefined;
  });

  // A wheel is the page's, but for pinches on touchpads, which come as Ctrl and a wheel.
  const onWheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !full.isOn) return;
    event.preventDefault();
    closeUp.zoom(WHEEL_FACTOR ** -event.deltaY, { x: event.clientX, y: event.clientY });
  };
  frame.addEventListener("wheel", onWheel, { passive: false });

  const looks: Record<string, [number, number]> = {
    ArrowLeft: [1, 0],
    ArrowRight: [-1, 0],
    ArrowUp: [0, 1],
    ArrowDown: [0, -1],
  };
  // Before the hand, which leaves alone what is prevented.
  stage.addEventListener(
    "keydown",
    (event) => {
      const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
      if (event.defaultPrevented || altKey || ctrlKey || metaKey) return;
      const isZoomed = view.scale > 1;
      const look = isZoomed && looks[key];
      if (key === " " && autospin.isWanted) autospin.toggle();
      else if (key === "Escape" && isZoomed) {
        // Without a zoom it leaves full screen.
        closeUp.leave();
      } else if (look && (shiftKey || look[1])) {
        const { width, height } = boxOf(view);
        closeUp.pan({ x: look[0] * LOOK_STEP * width, y: look[1] * LOOK_STEP * height });
      } else return;
      event.preventDefault();
    },
    { capture: true },
  );

  return leaveScrolling;
}
