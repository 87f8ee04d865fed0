// The turn: angles, and which degree is nearest to one.

/** Any angle brought to 0 up to 360. */
export function normalize(angle: number): number {
  return ((angle % 360) + 360) % 360;
}

/** The degree nearest to an angle round the turn; of two equally near ones, that which the turn passed last. */
export function nearestDegree(degrees: Iterable<number>, angle: number): number | undefined {
  let best: number | undefined;
  for (const degree of degrees) {
    if (best !== undefined) {
      const gain = apart(best, angle) - apart(degree, angle);
      if (gain < 0 || (gain === 0 && normalize(angle - degree) > 180)) continue;
    }
    best = degree;
  }
  return best;
}

/** The next degree in a direction (1 or -1) from an angle, round the turn. */
export function nextDegree(degrees: number[], angle: number, direction: 1 | -1): number {
  let best = angle;
  let least = Infinity;
  for (const degree of degrees) {
    // Zero is a whole turn away: the frame one stands on is the last to be reached.
    const way = normalize((degree - angle) * direction) || 360;
    if (way < least) [best, least] = [degree, way];
  }
  return best;
}

/** How far two angles are apart, the shorter way. */
export function apart(a: number, b: number): number {
  const way = normalize(a - b);
  return Math.min(way, 360 - way);
}
