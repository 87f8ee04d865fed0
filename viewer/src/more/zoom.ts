// Zoom: how large the piece is, and which part of it is in view.

import type { Zoom } from "../screen/view";

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
const GREATEST = 4;
/** How wide and high the piece and the stage are, in shares of the layer that is zoomed. */
export interface Room {
  piece: [across: number, along: number];
  stage: [across: number, along: number];
}
const ALL: Room = { piece: [1, 1], stage: [1, 1] };

/** Larger or smaller by a factor; what is at (x, y), in shares from the middle, stays there. */
export function zoomBy(zoom: Zoom, factor: number, x = 0, y = 0, room = ALL): Zoom {
  const scale = clamp(zoom.scale * factor, 1, GREATEST);
  const growth = scale / zoom.scale;
  return panBy({ scale, x: x - (x - zoom.x) * growth, y: y - (y - zoom.y) * growth }, 0, 0, room);
}

/** Moved, but never so far that the stage shows beside a piece that is larger. */
export function panBy({ scale, x, y }: Zoom, across: number, along: number, { piece, stage } = ALL): Zoom {
  const bound = (value: number, axis: 0 | 1) => {
    const most = Math.max(0, scale * piece[axis] - stage[axis]) / 2;
    return clamp(value, -most, most);
  };
  return { scale, x: bound(x + across, 0), y: bound(y + along, 1) };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
