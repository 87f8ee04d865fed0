// The heart of a picture: the place with the most to see, for zooming where no pointer says where.

const CELLS = 24;
// What is looked at is about as large as a quarter of the picture across.
const REACH = 3;

/** Its place in shares of the canvas; the middle where there is nothing. */
export function heartOf(canvas: HTMLCanvasElement): [x: number, y: number] {
  const small = document.createElement("canvas");
  small.width = small.height = CELLS;
  const context = small.getContext("2d", { willReadFrequently: true });
  if (!context || !canvas.width) return [0.5, 0.5];
  context.drawImage(canvas, 0, 0, CELLS, CELLS);
  return busiest(context.getImageData(0, 0, CELLS, CELLS).data);
}

/** The busiest place of a square of RGBA pixels: where neighbours differ most, in a wide surrounding. */
export function busiest(pixels: ArrayLike<number>): [x: number, y: number] {
  const side = Math.sqrt(pixels.length / 4);
  const at = (x: number, y: number, channel: number) => pixels[4 * (y * side + x) + channel] ?? 0;
  const detail = (x: number, y: number) =>
    [0, 1, 2, 3].reduce(
      (sum, channel) =>
        sum +
        Math.abs(at(x, y, channel) - at(Math.min(side - 1, x + 1), y, channel)) +
        Math.abs(at(x, y, channel) - at(x, Math.min(side - 1, y + 1), channel)),
      0,
    );
  let best = 0;
  let heart: [number, number] = [0.5, 0.5];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let sum = 0;
      for (let down = -REACH; down <= REACH; down++)
        for (let right = -REACH; right <= REACH; right++) {
          const [column, row] = [x + right, y + down];
          if (column >= 0 && row >= 0 && column < side && row < side)
            sum += detail(column, row) / (1 + Math.hypot(down, right));
        }
      if (sum <= best) continue;
      best = sum;
      heart = [(x + 0.5) / side, (y + 0.5) / side];
    }
  }
  return heart;
}
