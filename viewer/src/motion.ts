// Motion: whether the visitor's system asks for less of it.

/** It matches where there is to be less, and tells when that changes. */
export const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)");

export const isMotionReduced = () => lessMotion().matches;
