// The turn: angles, and which degree is nearest to one.

/** Any angle brought to 0 up to 360. */
export function normalize(angle: number): number {
  return ((angle % 360) + 360) % 360;
}

/** The degree nearest to an angle round the turn; of two equally near ones, that which the turn passed last. */
export function nearestDegree(degrees: Iterable<number>, angle: number): number | undefined {
  return [...degrees].sort((one, other) => nearer(one, other, angle))[0];
}

/** Orders degrees by how near they are to an angle. */
export function nearer(one: number, other: number, angle: number): number {
  return apart(one, angle) - apart(other, angle) || normalize(angle - one) - normalize(angle - other);
}

/** The next degree in a direction (1 or -1) from an angle, round the turn. */
export function nextDegree(degrees: number[], angle: number, direction: 1 | -1): number {
  // Zero is a whole turn away: the frame one stands on is the last to be reached.
  const way = (degree: number) => normalize((degree - angle) * direction) || 360;
  return [...degrees].sort((one, other) => way(one) - way(other))[0] ?? angle;
}

/** How far two angles are apart, the shorter way. */
export function apart(a: number, b: number): number {
  const way = normalize(a - b);
  return Math.min(way, 360 - way);
}
