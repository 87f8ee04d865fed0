// The frames of a set turned by hand before anything is encoded.

import { make } from "../page";

const SIDE = 480;

export interface Turner {
  element: HTMLElement;
  /** Shows the frame of an index; `label` says which it is. */
  show(index: number, frames: number, picture: ImageBitmap | undefined, label: string): void;
}

/** `onTurn` hears of the index that the artist turns to. */
export function turner(onTurn: (index: number) => void): Turner {
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d");
  const handle = make("div", { class: "turner", role: "slider", tabindex: 0, "aria-label": "Turn the frames" }, canvas);
  let index = 0;
  let frames = 0;

  const turn = (to: number) => frames && onTurn(((to % frames) + frames) % frames);
  let from: { x: number; index: number } | undefined;
  handle.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, index };
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!from) return;
    // As in the spin: the width is one turn, and the front follows the hand.
    const share = (event.clientX - from.x) / handle.clientWidth;
    turn(from.index + Math.round(share * frames));
  });
  const end = () => (from = undefined);
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
  handle.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = {
      ArrowRight: index + 1,
      ArrowUp: index + 1,
      ArrowLeft: index - 1,
      ArrowDown: index - 1,
      PageUp: index + Math.round(frames / 12),
      PageDown: index - Math.round(frames / 12),
      Home: 0,
      End: frames - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    turn(to);
  });

  return {
    element: handle,
    show: (at, all, picture, label) => {
      index = at;
      frames = all;
      handle.setAttribute("aria-valuemin", "1");
      handle.setAttribute("aria-valuemax", String(Math.max(1, all)));
      handle.setAttribute("aria-valuenow", String(at + 1));
      handle.setAttribute("aria-valuetext", label);
      // Until its picture has come, the one before stays.
      if (picture) drawInto(canvas, context, picture);
    },
  };
}

/** Draws a picture as large as it fits into the middle. */
export function drawInto(
  { width, height }: HTMLCanvasElement,
  context: CanvasRenderingContext2D | null,
  picture: ImageBitmap,
): void {
  const scale = Math.min(width / picture.width, height / picture.height);
  const [across, down] = [picture.width * scale, picture.height * scale];
  context?.clearRect(0, 0, width, height);
  context?.drawImage(picture, (width - across) / 2, (height - down) / 2, across, down);
}
