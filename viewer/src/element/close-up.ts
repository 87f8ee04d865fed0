// The close-up: the piece zoomed, or on the whole screen.

import type { View } from "../screen/view";
import { panBy, WHOLE, type Zoom, zoomBy } from "../screen/zoom";

export interface CloseUp {
  zoomBy(factor: number, x?: number, y?: number): void;
  panBy(across: number, along: number): void;
  isFull(): boolean;
  /** Fills the screen, or ends that. */
  toggleFull(): Promise<void>;
  /** Out of zoom, then out of full screen; whether there was something to leave. */
  leave(): boolean;
  /** Device pixels across which the canvas is shown; 0 where it is neither zoomed nor on the whole screen. */
  widthPx(): number;
}

export function createCloseUp(host: HTMLElement, view: View, onChange: () => void): CloseUp {
  let zoom = WHOLE;

  const set = (to: Zoom) => {
    zoom = to;
    view.zoom(to);
    onChange();
  };
  const isFull = () => host.hasAttribute("data-full");
  const setFull = (full: boolean) => {
    host.toggleAttribute("data-full", full);
    if (!full) set(WHOLE);
    onChange();
  };
  const toggleFull = async () => {
    const full = !isFull();
    setFull(full);
    // Phones that give the whole screen to videos only still have a page that can be filled.
    await (full ? host.requestFullscreen?.() : document.fullscreenElement && document.exitFullscreen())?.catch(
      () => {},
    );
  };

  host.addEventListener("fullscreenchange", () => setFull(host.matches(":fullscreen")));
  return {
    zoomBy: (factor, x, y) => set(zoomBy(zoom, factor, x, y)),
    panBy: (across, along) => set(panBy(zoom, across, along)),
    isFull,
    toggleFull,
    leave() {
      if (zoom.scale > 1) set(WHOLE);
      else if (isFull()) void toggleFull();
      else return false;
      return true;
    },
    widthPx: () => (zoom.scale > 1 || isFull() ? view.canvas.clientWidth * zoom.scale * devicePixelRatio : 0),
  };
}
