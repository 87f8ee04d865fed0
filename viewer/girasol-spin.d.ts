// Types of <girasol-spin>, as it is published.

/** Option names and the choices made: `{ metal: "rose-gold" }`. */
export type Choices = Record<string, string>;

/** A tier that is whole, and how many of its frames are shown. */
export interface TierDetail {
  tier: string;
  frames: number;
  format: string;
}

/** Events of the element. All bubble but `error`, as errors of the platform do not. */
export interface SpinEvents {
  /** The first tier is whole: the piece can be turned. */
  ready: CustomEvent<TierDetail>;
  tierchange: CustomEvent<TierDetail>;
  anglechange: CustomEvent<{ angle: number }>;
  /** Another configuration is on the canvas, at the angle of the one before; `ms` after it was asked for. */
  switch: CustomEvent<{ configuration: string; choices: Choices; angle: number; ms: number }>;
  /** `frames`: the degrees of the tier that have arrived. */
  progress: CustomEvent<{ tier: string; frames: number[] }>;
  /** The negotiated manifest, `girasol.manifest/1`. */
  // biome-ignore lint/suspicious/noExplicitAny: the schema named above describes it, and later ones may hold more.
  manifest: CustomEvent<any>;
  /** `nearest`: the configuration that has a spin, where the one that was chosen has none. */
  error: CustomEvent<{ message: string; status?: number | undefined; nearest?: unknown }>;
}

/** A place on the piece, as a product's answer has it. */
export interface Hotspot {
  name: string;
  label: string;
  href?: string;
  /** By rising degrees; `x` and `y` are shares of the artist's frame. */
  points: { degree: number; x: number; y: number }[];
}

/** What the element says to visitors. */
export interface Words {
  /** The name for screen readers, where `alt` gives none. */
  view: string;
  /** `#` is the angle. */
  degrees: string;
  none: string;
  failed: string;
  retry: string;
  close: string;
  larger: string;
  smaller: string;
  full: string;
  pause: string;
  play: string;
}

export class GirasolSpin extends HTMLElement {
  /** Replaces words, for a shop in another language. */
  static set words(words: Partial<Words>);
  /** Attributes, as properties: null where there is none. */
  get src(): string | null;
  set src(value: string | null);
  get alt(): string | null;
  set alt(value: string | null);
  get tier(): string | null;
  set tier(value: string | null);
  get frames(): string | null;
  set frames(value: string | number | null);
  get format(): string | null;
  set format(value: string | null);
  get width(): string | null;
  set width(value: string | number | null);
  get height(): string | null;
  set height(value: string | number | null);
  get poster(): string | null;
  set poster(value: string | null);
  get autospin(): string | null;
  set autospin(value: string | number | boolean | null);
  get controls(): string | null;
  set controls(value: string | boolean | null);
  get share(): string | null;
  set share(value: string | boolean | null);
  get vitals(): string | null;
  set vitals(value: string | null);
  /** How many bytes all spins of the page together may hold decoded; 128 MiB, or 48 on devices with little memory. */
  static set maxDecodedBytes(bytes: number);
  /** Where the piece is turned to, 0 up to 360. */
  readonly angle: number;
  /** The configuration that is shown, or will be. */
  readonly configuration: string | undefined;
  /** The degree of the frame on the canvas; undefined while it is the placeholder. */
  readonly displayedDegree: number | undefined;
  /** How many decoded frames are held. */
  readonly loadedFrames: number;
  /** Makes a link or a button of each, and keeps it on its place. */
  set hotspots(hotspots: Hotspot[]);
  /** Turns the piece to an angle at once. */
  spinTo(angle: number): void;
  /** Loads the one frame that would show if these choices were made now: for a swatch that is pointed at. */
  warm(choices: Choices): Promise<void>;
  /** Fills the screen, or the page where the screen is not to be had, or ends that. */
  toggleFullscreen(): Promise<void>;
  /** Asks for the manifest anew, past caches. What is loaded already stays and is used again. */
  reload(): Promise<void>;
  addEventListener<K extends keyof SpinEvents>(
    type: K,
    listener: (this: GirasolSpin, event: SpinEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "girasol-spin": GirasolSpin;
  }
}
