// The heart of a picture: the place with the most to see, for zooming where no pointer says where.

// The picture is looked at so finely that the facets of a stone are seen, which are as bright as its ground on the whole.
const FINE = 96;
const CELLS = 24;
// What is looked at is about as large as a quarter of the picture across.
const REACH = 3;

/** Its place in shares of the canvas; the middle where there is nothing. */
export function heartOf(canvas: HTMLCanvasElement): [x: number, y: number] {
  const small = document.createElement("canvas");
  small.width = small.height = FINE;
  const context = small.getContext("2d", { willReadFrequently: true });
  if (!context || !canvas.width) return [0.5, 0.5];
  context.drawImage(canvas, 0, 0, FINE, FINE);
  return busiest(context.getImageData(0, 0, FINE, FINE).data);
}

/** The busiest place of a square of RGBA pixels, a multiple of 24 across: where neighbours differ most, in a wide surrounding. */
export function busiest(pixels: ArrayLike<number>): [x: number, y: number] {
  const side = Math.sqrt(pixels.length / 4);
  const details = new Float64Array(CELLS * CELLS);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const cell = Math.floor((y * CELLS) / side) * CELLS + Math.floor((x * CELLS) / side);
      const [here, right, below] = [4 * (y * side + x), x + 1 < side ? 4 : 0, y + 1 < side ? 4 * side : 0];
      for (let at = here; at < here + 4; at++)
        details[cell]! += Math.abs(pixels[at]! - pixels[at + right]!) + Math.abs(pixels[at]! - pixels[at + below]!);
    }
  }
  let best = 0;
  let heart: [number, number] = [0.5, 0.5];
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS; x++) {
      let sum = 0;
      for (let down = -REACH; down <= REACH; down++)
        for (let right = -REACH; right <= REACH; right++) {
          const [column, row] = [x + right, y + down];
          if (column >= 0 && row >= 0 && column < CELLS && row < CELLS)
            sum += details[row * CELLS + column]! / (1 + Math.hypot(down, right));
        }
      if (sum <= best) continue;
      best = sum;
      heart = [(x + 0.5) / CELLS, (y + 0.5) / CELLS];
    }
  }
  return heart;
}
