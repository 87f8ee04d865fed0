// The turn: decoded frames by set and degree, and which of them is nearest to an angle.

export interface Picture {
  close(): void;
}

export interface Shown<P extends Picture> {
  degree: number;
  picture: P;
}

/** Decoded frames. What is put here is closed here. */
export class Turn<P extends Picture> {
  #sets = new Map<string, Map<number, P>>();

  has(set: string, degree: number): boolean {
    return this.#sets.get(set)?.has(degree) ?? false;
  }

  /** Keeps a picture; one that is here already stays, and the newcomer is closed. */
  put(set: string, degree: number, picture: P): void {
    let frames = this.#sets.get(set);
    if (!frames) this.#sets.set(set, (frames = new Map()));
    if (frames.has(degree)) picture.close();
    else frames.set(degree, picture);
  }

  /** The frame nearest to an angle in the sets given; of two equally near ones, that of the later set. */
  nearest(angle: number, sets: Iterable<string>): Shown<P> | undefined {
    let best: Shown<P> | undefined;
    for (const set of sets) {
      const frames = this.#sets.get(set);
      const degree = frames && nearestDegree(frames.keys(), angle);
      if (degree === undefined) continue;
      if (best && apart(degree, angle) > apart(best.degree, angle)) continue;
      best = { degree, picture: frames!.get(degree)! };
    }
    return best;
  }

  /** Frees all frames but those of the sets and degrees given. */
  retain(kept: Map<string, Set<number>>): void {
    for (const [set, frames] of this.#sets) {
      for (const [degree, picture] of frames) {
        if (kept.get(set)?.has(degree)) continue;
        picture.close();
        frames.delete(degree);
      }
      if (!frames.size) this.#sets.delete(set);
    }
  }

  /** How many frames are here. */
  get size(): number {
    let size = 0;
    for (const frames of this.#sets.values()) size += frames.size;
    return size;
  }
}

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

function apart(a: number, b: number): number {
  const way = normalize(a - b);
  return Math.min(way, 360 - way);
}
