// The element <girasol-spin>: attributes in, a spin out, events about it. The class is what a page sees of it.

import { makeHotspots } from "../screen/hotspots";
import { setMaxDecodedBytes } from "../screen/memory";
import type { Choices, Hotspot } from "../wire";
import { createSpin } from "./spin";

export type { SpinEvents, SpinState } from "../events";

export class GirasolSpin extends HTMLElement {
  static readonly observedAttributes = "src tier frames format alt width height poster".split(" ");

  #spin = createSpin(this);

  /** How many bytes all spins of the page together may hold decoded. */
  static set maxDecodedBytes(bytes: number) {
    setMaxDecodedBytes(bytes);
  }

  /** Where the piece is turned to, 0 up to 360. */
  get angle(): number {
    return this.#spin.screen.angle;
  }

  /** The configuration that is shown, or will be. */
  get configuration(): string | undefined {
    return this.#spin.loader.manifest?.configuration;
  }

  /** The degree of the frame on the canvas; undefined while it is the placeholder. */
  get displayedDegree(): number | undefined {
    return this.#spin.screen.displayedDegree;
  }

  /** How many decoded frames are held. */
  get loadedFrames(): number {
    return this.#spin.screen.frames.size;
  }

  /** Makes a link or a button of each hotspot of a product's answer, and keeps it on its place. */
  set hotspots(hotspots: Hotspot[]) {
    makeHotspots(this, hotspots);
    this.#spin.screen.refresh();
  }

  /** Turns the piece to an angle at once. */
  spinTo(angle: number): void {
    this.#spin.turnTo(angle);
  }

  /** Loads the one frame that would show if these choices were made now. */
  warm(choices: Choices): Promise<void> {
    return this.#spin.loader.warm(choices);
  }

  /** Fills the screen, or ends that. */
  toggleFullscreen(): Promise<void> {
    return this.#spin.closeUp.toggleFull();
  }

  /** Requests the manifest again, past caches. Frames that are loaded already stay and are used again. */
  reload(): Promise<void> {
    return this.#spin.loader.reload();
  }

  connectedCallback(): void {
    this.#spin.screen.describe();
    this.#proportion();
    this.#spin.connect();
  }

  disconnectedCallback(): void {
    this.#spin.disconnect();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    const { screen, loader } = this.#spin;
    if (before === after) return;
    if (name === "alt") screen.describe();
    else if (name === "width" || name === "height") this.#proportion();
    else if (name === "poster") screen.view.poster.src = after ?? "";
    else loader.queue();
  }

  /** Holds the place that the frames will need. */
  #proportion(): void {
    this.#spin.screen.view.proportion(+this.getAttribute("width")!, +this.getAttribute("height")!);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "girasol-spin": GirasolSpin;
  }
}
