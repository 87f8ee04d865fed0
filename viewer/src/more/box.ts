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

export function boxOf({ stage, layer, width: widthOf }: View): Box {
  const rect = stage.getBoundingClientRect();
  const width = widthOf();
  const height = (width * layer.clientHeight) / (layer.clientWidth || 1) || 1;
  const [left, top] = [rect.left + (rect.width - width) / 2, rect.top + (rect.height - height) / 2];
  return { left, top, width, height, room: [rect.width / width, rect.height / height] };
}
