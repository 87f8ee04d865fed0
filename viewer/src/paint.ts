// Painting on the canvas: the placeholder, then frames.

import { bytesOfBase64 } from "./formats";
import { decodeThumbhash } from "./thumbhash";

/** Paints a frame over what stands there. The canvas has as many pixels as the frame; CSS scales it. */
export function paintFrame(canvas: HTMLCanvasElement, frame: ImageBitmap): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  fit(canvas, frame.width, frame.height);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(frame, 0, 0);
}

/** Paints a thumbhash (base64) as a soft picture of the size that the frames will have. */
export function paintPlaceholder(canvas: HTMLCanvasElement, hash: string, [width, height]: [number, number]): void {
  const context = canvas.getContext("2d");
  const small = document.createElement("canvas");
  const thumb = decodeThumbhash(bytesOfBase64(hash));
  small.width = thumb.width;
  small.height = thumb.height;
  small.getContext("2d")?.putImageData(new ImageData(thumb.rgba, thumb.width, thumb.height), 0, 0);
  fit(canvas, width, height);
  if (!context) return;
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, width, height);
  context.drawImage(small, 0, 0, width, height);
}

/** Setting a canvas's size clears it, even to the same: only where it differs. */
function fit(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
