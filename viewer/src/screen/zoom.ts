// Zoom: how large the piece is, and which part of it is in view.

/** `x` and `y`: how far the piece is moved from the middle, in shares of the stage. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
const GREATEST = 4;

/** Larger or smaller by a factor; what is at (x, y), in shares from the middle, stays there. */
export function zoomBy(zoom: Zoom, factor: number, x = 0, y = 0): Zoom {
  const scale = clamp(zoom.scale * factor, 1, GREATEST);
  const growth = scale / zoom.scale;
  return panBy({ scale, x: x - (x - zoom.x) * growth, y: y - (y - zoom.y) * growth }, 0, 0);
}

/** Moved, but never so far that the stage shows beside the piece. */
export function panBy({ scale, x, y }: Zoom, across: number, along: number): Zoom {
  const most = (scale - 1) / 2;
  return { scale, x: clamp(x + across, -most, most), y: clamp(y + along, -most, most) };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
