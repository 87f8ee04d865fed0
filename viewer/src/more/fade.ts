// The cross-fade of a switch.

import type { Kit } from "../element/kit";

/** Lets what stands on the canvas fade away over what is painted next. */
export function createFade({ screen: { view }, isMotionReduced }: Kit): () => void {
  const { canvas } = view;
  let ghost: HTMLCanvasElement | undefined;
  return () => {
    ghost?.remove();
    if (isMotionReduced()) return;
    const old = (ghost = canvas.cloneNode() as HTMLCanvasElement);
    old.className = "ghost";
    old.getContext("2d")?.drawImage(canvas, 0, 0);
    old.addEventListener("animationend", () => old.remove());
    canvas.after(old);
  };
}
