// The box of the piece.

import type { View } from "../screen/view";

/** Where the piece lies, not zoomed, in pixels of the viewport. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  /** How much wider and higher the stage is. */
  room: [number, number];
}

export function boxOf({ stage, layer }: View): Box {
  const rect = stage.getBoundingClientRect();
  // The page's transforms change the stage's rectangle alone, and its styles may give the layer less room.
  const scale = rect.width / stage.clientWidth || 1;
  const [width, height] = [layer.clientWidth * scale || 1, layer.clientHeight * scale || 1];
  const [left, top] = [rect.left + (rect.width - width) / 2, rect.top + (rect.height - height) / 2];
  return { left, top, width, height, room: [rect.width / width, rect.height / height] };
}
