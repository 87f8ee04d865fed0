// Motion: whether the visitor's system asks for less of it.

export const isMotionReduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
