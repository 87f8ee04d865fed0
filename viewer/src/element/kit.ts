// The kit: what the second file is given of one element, and what it gives. It is fetched once the whole turn is there, or
// at the first touch: before that it would compete with the frames. Until then, and where it cannot be fetched, the piece turns, fills the screen and leaves it.

import type { Loader } from "../loader/loader";
import type { Net } from "../loader/net";
import type { Screen } from "../screen/screen";
import type { Place } from "../screen/view";

import type { Vitals } from "../vitals";
import type { Choices, Hotspot } from "../wire";
import type { Words } from "../words";
import type { Full } from "./full";

export interface Kit {
  host: HTMLElement;
  screen: Screen;
  loader: Loader;
  full: Full;
  /** The fingers that touch the piece, and the mouse: where they are in the viewport. */
  fingers: Map<number, Place>;
  vitals: Vitals;
  /** The shop's own words. */
  words: Partial<Words>;
  turnTo(angle: number): void;
  isMotionReduced(): boolean;
}

/** What the second file does for one element. */
export interface More {
  /** Zooms by a factor, at the pointer or towards the piece. */
  zoom(factor: number): void;
  /**
   * A finger or the mouse has gone a way, in the stage's own pixels and in those of the viewport: looks about, and
   * returns how far it may turn the piece.
   */
  drag(way: Place, gone: Place, event: PointerEvent): number;
  /** The visitor or the page has turned the piece, or it leaves its page: it does not turn by itself any more. */
  onTouch(): void;
  /** The spin is in the viewport or near it, and complete. */
  onComplete(isNear: boolean): void;
  /** Full screen was entered or left. */
  onFull(): void;
  /** Attributes, words or hotspots have changed. */
  refresh(): void;
  /** The element has come into a page, which may be in another document. */
  adopt(): void;
  setHotspots(hotspots: Hotspot[]): void;
  /** Loads the one frame that would show if these choices were made now. */
  warm(choices: Choices): Promise<void>;
  /** Asks the server for the address of a spin that only it knows. */
  requestSequence(src: string, chosen: Choices, net: Net): Promise<string>;
}
