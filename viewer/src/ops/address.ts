// What the address says after its #: which hours are shown, and whether they are for a wall. It never has a key in it.

/** Hours that can be chosen, with their words. */
export const RANGES: [number, string][] = [
  [1, "1 h"],
  [6, "6 h"],
  [24, "24 h"],
  [168, "7 days"],
  [720, "30 days"],
];

export interface View {
  hours: number;
  /** Large figures, and nothing to press. */
  isWall: boolean;
}

export const FIRST: View = { hours: 6, isWall: false };

export function readView(hash: string): View {
  const words = hash.replace(/^#/, "").split("&");
  const hours = Number(words.find((word) => word.startsWith("hours="))?.slice(6));
  const isKnown = RANGES.some(([known]) => known === hours);
  return { hours: isKnown ? hours : FIRST.hours, isWall: words.includes("wall") };
}

export function writeView({ hours, isWall }: View): string {
  return `#hours=${hours}${isWall ? "&wall" : ""}`;
}
