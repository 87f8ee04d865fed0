// The frames of a set as a turn: their order, their angles, and another order.

const collator = new Intl.Collator("en", { numeric: true });

/** Sorts by the numbers in names: 2.png before 10.png. */
export function byNumber(one: string, other: string): number {
  return collator.compare(one, other);
}

/** What of a set's settings says where its frames stand. */
export interface Turned {
  start: number;
  hero: number;
  clockwise: boolean;
}

/** The angle of each frame, in degrees from 0 on. */
export function anglesOf(frames: number, { start, clockwise }: Omit<Turned, "hero">): number[] {
  const step = (clockwise ? -360 : 360) / Math.max(1, frames);
  return Array.from({ length: frames }, (_, index) => normal(start + index * step));
}

/** The angle of the first frame with which a frame stands at 0 degrees. */
export function startFor(index: number, frames: number, clockwise: boolean): number {
  return normal(-(anglesOf(frames, { start: 0, clockwise })[index] ?? 0));
}

/** The index of the angle that is nearest to one. */
export function nearest(angles: number[], degrees: number): number {
  const away = (angle: number) => Math.min(normal(angle - degrees), normal(degrees - angle));
  return angles.reduce((best, angle, index) => (away(angle) < away(angles[best]!) ? index : best), 0);
}

/** A frame of the turn in another place; the others close up. */
export function moved(names: string[], from: number, to: number): string[] {
  const order = names.filter((_, index) => index !== from);
  order.splice(to, 0, names[from]!);
  return order;
}

/** The names that frames get, so that they stand in this order: those that there are, each with its file's extension. */
export function renamesFor(names: string[], order: string[]): Record<string, string> {
  const pairs = order.map((name, index): [string, string] => [name, withExtensionOf(names[index]!, name)]);
  return Object.fromEntries(pairs.filter(([from, to]) => from !== to));
}

/** A name with the extension of another one. */
export function withExtensionOf(name: string, other: string): string {
  const extension = /\.[^.]*$/.exec(other)?.[0] ?? "";
  return name.replace(/\.[^.]*$/, "") + extension;
}

/** An angle from 0 to 360, to a hundredth. */
export function normal(degrees: number): number {
  return (Math.round((((degrees % 360) + 360) % 360) * 100) / 100) % 360;
}
