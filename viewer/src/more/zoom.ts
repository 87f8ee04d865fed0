// Zoom: how large the piece is, and which part of it is in view.

import type { Zoom } from "../screen/view";

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
const GREATEST = 4;
/** How much wider and higher the stage is than the piece. */
type Room = [across: number, along: number];
const NONE: Room = [1, 1];

/** Larger or smaller by a factor; what is at (x, y), in shares from the middle, stays there. */
export function zoomBy(zoom: Zoom, factor: number, x = 0, y = 0, room = NONE): Zoom {
  const scale = clamp(zoom.scale * factor, 1, GREATEST);
  const growth = scale / zoom.scale;
  return panBy({ scale, x: x - (x - zoom.x) * growth, y: y - (y - zoom.y) * growth }, 0, 0, room);
}

/** Moved, but never so far that the stage shows beside a piece that is larger. */
export function panBy({ scale, x, y }: Zoom, across: number, along: number, [wide, high] = NONE): Zoom {
  const bound = (value: number, room: number) => {
    const most = Math.max(0, scale - room) / 2;
    return clamp(value, -most, most);
  };
  return { scale, x: bound(x + across, wide), y: bound(y + along, high) };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
