// Words: what the element says to visitors. English stands here; the second file knows more languages, and a shop gives
// words of its own: `GirasolSpin.words = {...}`.

const ENGLISH = {
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
export type Words = typeof ENGLISH & Record<"larger" | "smaller" | "full" | "pause" | "play", string>;

/** The shop's own words, which come before those of any language; English is their prototype. */
export const words: Words = Object.create(ENGLISH);
