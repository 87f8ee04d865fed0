// Painting on the canvas.

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
  context.clearRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
}
