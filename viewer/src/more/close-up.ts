// The close-up: the piece zoomed, and looked about in.

import type { Kit } from "../element/kit";
import type { Place, Zoom } from "../screen/view";
import { boxOf } from "./box";
import { enrich as enrichTo } from "./enrich";
import { heartOf } from "./heart";
import { panBy, WHOLE, zoomBy } from "./zoom";

/** Places are those of the viewport. */
export interface CloseUp {
  /** By a factor: at a place, or towards the piece. */
  zoom(factor: number, at?: Place): void;
  /** Looks about by a way in the stage's own pixels; returns the way that is left. */
  pan(way: Place): Place;
  pinch(from: Place[], to: Place[]): void;
  doubleTap(at: Place): void;
  /** Out of the zoom. */
  leave(): void;
  /** Loads hd, where what is shown is larger than what is there. */
  enrich(): void;
  /** Device pixels across which the canvas is shown, zoomed or on the full screen; 0 where it is neither. */
  widthPx(): number;
}

// Fingers that are laid on move so much without meaning it.
const PINCH_SLOP_PX = 8;
const DOUBLE_TAP_SCALE = 2.5;
// Hardly larger is no close-up.
const LEAST_SCALE = 1.05;

export function createCloseUp(kit: Kit, onChange: () => void): CloseUp {
  const { full } = kit;
  const { view } = kit.screen;
  let zoom = WHOLE;
  /** Where the mouse was last, while it is over the stage. */
  let pointer: Place | undefined;
  /** How far the fingers of a pinch were apart when they were laid on; 0 once they have moved. */
  let began: number | undefined;

  const widthPx = () =>
    zoom.scale > LEAST_SCALE || full.isOn ? view.canvas.clientWidth * zoom.scale * devicePixelRatio : 0;

  const enrich = () => enrichTo(kit, widthPx());

  const set = (to: Zoom) => {
    if (to.scale === zoom.scale && to.x === zoom.x && to.y === zoom.y) return;
    zoom = to;
    view.zoom(to);
    enrich();
    onChange();
  };

  /** A place in shares of the piece, from its middle. */
  const shareOf = ({ x, y }: Place): [number, number] => {
    const { left, top, width, height } = view.stage.getBoundingClientRect();
    // However the stage is turned, its middle is that of the box round it.
    const away = view.toLocal({ x: x - left - width / 2, y: y - top - height / 2 });
    const box = boxOf(view);
    return [away.x / box.width, away.y / box.height];
  };

  /** Where the piece is, of which a ring's middle has nothing. */
  const heart = (): [number, number] => {
    const { canvas, layer } = view;
    const share = heartOf(canvas);
    let [x, y] = [share[0] * canvas.offsetWidth, share[1] * canvas.offsetHeight];
    for (let part: Element | null = canvas; part instanceof HTMLElement && part !== layer; part = part.offsetParent) {
      x += part.offsetLeft;
      y += part.offsetTop;
    }
    const { width, height } = boxOf(view);
    return [zoom.x + zoom.scale * (x / width - 0.5), zoom.y + zoom.scale * (y / height - 0.5)];
  };

  const zoomTo = (factor: number, at = pointer) =>
    set(zoomBy(zoom, factor, ...(at ? shareOf(at) : heart()), boxOf(view)));

  const pan = ({ x, y }: Place) => {
    const box = boxOf(view);
    const { width, height } = box;
    const before = zoom;
    set(panBy(zoom, x / width, y / height, box));
    return { x: x - (zoom.x - before.x) * width, y: y - (zoom.y - before.y) * height };
  };

  const apart = ([one, other]: Place[]) => Math.hypot(one!.x - other!.x, one!.y - other!.y) || 1;
  const middle = ([one, other]: Place[]) => ({ x: (one!.x + other!.x) / 2, y: (one!.y + other!.y) / 2 });

  view.frame.addEventListener("pointermove", ({ pointerType, clientX: x, clientY: y }) => {
    pointer = pointerType === "mouse" ? { x, y } : undefined;
  });
  view.frame.addEventListener("pointerleave", () => {
    pointer = undefined;
  });
  view.frame.addEventListener("pointerdown", () => {
    began = undefined;
  });

  return {
    zoom: zoomTo,
    pan,
    pinch(from, to) {
      began ??= apart(from);
      if (began && Math.abs(apart(to) - began) < PINCH_SLOP_PX && zoom.scale === 1) return;
      began = 0;
      const [one, other] = [middle(from), middle(to)];
      zoomTo(apart(to) / apart(from), one);
      pan(view.toLocal({ x: other.x - one.x, y: other.y - one.y }));
    },
    doubleTap(at) {
      if (zoom.scale > 1) set(WHOLE);
      else zoomTo(DOUBLE_TAP_SCALE, at);
    },
    leave: () => set(WHOLE),
    enrich,
    widthPx,
  };
}
