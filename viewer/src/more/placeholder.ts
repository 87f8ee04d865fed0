// The placeholder: what the piece will be like, until its first frame is there.

import { paint } from "../screen/paint";
import { decodeThumbhash } from "./thumbhash";

/** Paints a thumbhash (base64) as a soft picture of the size that the frames will have. */
export function paintPlaceholder(canvas: HTMLCanvasElement, hash: string, size: [number, number]): void {
  const small = document.createElement("canvas");
  const thumb = decodeThumbhash(hash);
  small.width = thumb.width;
  small.height = thumb.height;
  small.getContext("2d")?.putImageData(new ImageData(thumb.rgba, thumb.width, thumb.height), 0, 0);
  paint(canvas, small, size);
}
