// Words: what the element says to visitors. A shop replaces them by its own language: `GirasolSpin.words = {...}`.

export const words = {
  /** The name for screen readers, where the page gives none. */
  view: "360° view",
  /** `#` is the angle. */
  degrees: "# degrees",
  none: "There is no 360° view of this piece yet.",
  failed: "The 360° view could not be loaded.",
  retry: "Try again",
  close: "Close",
};

/** With those of the second file, which has them in English. */
export type Words = typeof words & Record<"larger" | "smaller" | "full" | "pause" | "play", string>;
