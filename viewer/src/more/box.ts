// The boxes of a close-up.

import type { View } from "../screen/view";
import type { Room } from "./zoom";

/** The layer, not zoomed, in the stage's own pixels. */
export interface Box extends Room {
  width: number;
  height: number;
}

export function boxOf({ stage, layer, ratio }: View): Box {
  const [width, height] = [layer.clientWidth || 1, layer.clientHeight || 1];
  return {
    width,
    height,
    piece: [Math.min(1, (height * ratio) / width), Math.min(1, width / ratio / height)],
    stage: [stage.clientWidth / width, stage.clientHeight / height],
  };
}
