// Painting on the canvas: the placeholder, then frames.

import { decodeThumbhash } from "./thumbhash";

/** Paints a picture over what stands there. The canvas has as many pixels as the frame; CSS scales it. */
export function paint(
  canvas: HTMLCanvasElement,
  picture: ImageBitmap | HTMLCanvasElement,
  [width, height]: [number, number],
): void {
  // Setting a canvas's size clears it and takes time, even to the same: only where it differs.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
}

/** Paints a thumbhash (base64) as a soft picture of the size that the frames will have. */
export function paintPlaceholder(canvas: HTMLCanvasElement, hash: string, size: [number, number]): void {
  const small = document.createElement("canvas");
  const thumb = decodeThumbhash(hash);
  small.width = thumb.width;
  small.height = thumb.height;
  small.getContext("2d")?.putImageData(new ImageData(thumb.rgba, thumb.width, thumb.height), 0, 0);
  paint(canvas, small, size);
}
