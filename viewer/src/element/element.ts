// The element <girasol-spin>: attributes in, a spin out, events about it. The class is what a page sees of it.

import { setMaxDecodedBytes } from "../screen/memory";
import type { Choices, Hotspot, Refused } from "../wire";
import { type Words, words } from "../words";
import { createSpin } from "./spin";

export type { SpinEvents, SpinState } from "../events";

/** Attributes that are properties too. */
export type Attributes =
  | "src"
  | "tier"
  | "frames"
  | "format"
  | "alt"
  | "width"
  | "height"
  | "poster"
  | "autospin"
  | "controls"
  | "share"
  | "vitals";

const ATTRIBUTES = "src tier frames format alt width height poster autospin controls share vitals".split(" ");
const connected = new Set<GirasolSpin>();

export class GirasolSpin extends HTMLElement {
  static readonly observedAttributes = ATTRIBUTES;

  #spin = createSpin(this);

  /** Replaces words that the elements say to visitors, for a shop in another language. */
  static set words(own: Partial<Words>) {
    Object.assign(words, own);
    for (const element of connected) element.#spin.refresh();
  }

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
    this.#spin.use((more) => more.setHotspots(hotspots));
  }

  /** Turns the piece to an angle at once. */
  spinTo(angle: number): void {
    this.#spin.turnTo(angle);
  }

  /** Loads the one frame that would show if these choices were made now. */
  warm(choices: Choices): Promise<void> {
    return this.#spin.use((more) => more.warm(choices));
  }

  /** Fills the screen, or ends that. */
  toggleFullscreen(): Promise<void> {
    return this.#spin.full.toggle();
  }

  /** Requests the manifest again, past caches. Frames that are loaded already stay and are used again. */
  reload(): Promise<void> {
    return this.#spin.loader.reload();
  }

  connectedCallback(): void {
    connected.add(this);
    // What a page has set before the script came would hide the accessors.
    for (const name of [...ATTRIBUTES, "hotspots"]) {
      if (!Object.hasOwn(this, name)) continue;
      const own = this as Record<string, unknown>;
      const value = own[name];
      delete own[name];
      own[name] = value;
    }
    this.#spin.screen.describe();
    this.#size();
    this.#spin.connect();
  }

  disconnectedCallback(): void {
    connected.delete(this);
    this.#spin.disconnect();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    const { screen, loader } = this.#spin;
    if (before === after) return;
    if (/src|tier|frames|format/.test(name)) loader.queue();
    else if (/width|height/.test(name)) this.#size();
    else if (name === "poster") {
      if (after) screen.view.poster.src = after;
      else screen.view.poster.removeAttribute("src");
    } else this.#spin.refresh();
  }

  /** Holds the place that the frames will need. */
  #size(): void {
    const sized = [this, this.querySelector("img")].find((one) => one?.getAttribute("width"));
    // What the shadow says of a slotted picture, its image inherits.
    this.querySelector<HTMLElement>("picture>img")?.style.setProperty("all", "inherit");
    const [width, height] = ["width", "height"].map((name) => Number(sized?.getAttribute(name)));
    this.#spin.screen.view.size(width!, height!, sized === this);
  }
}

// The service worker has asked again behind what is shown: it may tell so before the second file is there, and before an
// element knows what it shows.
try {
  navigator.serviceWorker?.addEventListener("message", ({ data }: MessageEvent<Refused>) => {
    if (data?.type !== "girasol.refused/1") return;
    for (const element of connected)
      if ((element.configuration ?? data.configuration) === data.configuration) void element.reload();
  });
} catch {
  // A sandboxed frame may not even ask whether there is one.
}

// Each attribute is a property too, as frameworks and scripts expect.
for (const name of ATTRIBUTES) {
  Object.defineProperty(GirasolSpin.prototype, name, {
    configurable: true,
    get(this: GirasolSpin) {
      return this.getAttribute(name);
    },
    set(this: GirasolSpin, value: unknown) {
      if (value == null || value === false) this.removeAttribute(name);
      else this.setAttribute(name, value === true ? "" : `${value}`);
    },
  });
}

declare global {
  interface HTMLElementTagNameMap {
    "girasol-spin": GirasolSpin;
  }
}
