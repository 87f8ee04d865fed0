// How fast bytes go, and how long the rest will take.

/** Speed is that of the last few seconds: a line that became slow is told soon, one that stutters is not. */
const WINDOW_MS = 8_000;
const FORETOLD_FROM_MS = 1_500;

export class Meter {
  #samples: { at: number; bytes: number }[] = [];

  /** Notes how many bytes have gone in all. */
  note(bytes: number, at: number): void {
    const last = this.#samples.at(-1);
    // A file that was begun anew takes back what it had counted.
    if (last && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift();
  }

  /** Bytes a second; undefined until there is something to tell. */
  speed(at: number): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || at - first.at < FORETOLD_FROM_MS) return undefined;
    return (1000 * (last.bytes - first.bytes)) / (at - first.at);
  }

  /** Milliseconds until so many bytes more have gone. */
  left(bytes: number, at: number): number | undefined {
    const speed = this.speed(at);
    return speed ? (1000 * bytes) / speed : undefined;
  }

  reset(): void {
    this.#samples = [];
  }
}
