// The box of the piece.

import type { View } from "../screen/view";

/** How large the piece is, not zoomed, in the stage's own pixels. */
export interface Box {
  width: number;
  height: number;
  /** How much wider and higher the stage is. */
  room: [number, number];
}

export function boxOf({ stage, layer }: View): Box {
  const [width, height] = [layer.clientWidth || 1, layer.clientHeight || 1];
  return { width, height, room: [stage.clientWidth / width, stage.clientHeight / height] };
}
