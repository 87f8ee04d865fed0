// Painting on the canvas.

import { decodeThumbhash } from "./thumbhash";

/** Paints a picture over what stands there. The canvas has as many pixels as the frame; CSS scales it. */
export function paint(canvas: HTMLCanvasElement, picture: ImageBitmap): void {
  contextOf(canvas, picture)?.drawImage(picture, 0, 0);
}

/** Paints a thumbhash (base64): what the piece will be like, until its first frame is there. */
export function paintPlaceholder(canvas: HTMLCanvasElement, hash: string): void {
  const image = decodeThumbhash(hash);
  contextOf(canvas, image)?.putImageData(image, 0, 0);
}

/** Empties the canvas, which gets the size of what is painted next. */
function contextOf(canvas: HTMLCanvasElement, { width, height }: ImageBitmap | ImageData) {
  // Setting a canvas's size clears it and takes time, even to the same: only where it differs.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context?.clearRect(0, 0, width, height);
  return context;
}
