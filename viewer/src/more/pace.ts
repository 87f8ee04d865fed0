// Pace: whether the frames that a visitor turns to are decoded in time, and how many of them a device should show.

const WINDOW = 30;
const LATE_SHARE = 0.4;
const HALVINGS = 2;

/** Halves the frames of the turn when too many come late, and doubles them again after twice as many came in time. */
export class Pace {
  /** Of so many frames one is shown: 1, 2 or 4. */
  stride = 1;
  #seen = 0;
  #late = 0;
  #patience = 2 * WINDOW;

  /** Notes one painting of a turning piece; whether the stride has changed. */
  note(isOnTime: boolean): boolean {
    if (!isOnTime) this.#late++;
    this.#seen++;
    const before = this.stride;
    if (this.#late > WINDOW * LATE_SHARE && this.stride < 2 ** HALVINGS) {
      this.stride *= 2;
      // A device that was too slow once has to prove for longer that it is not.
      this.#patience *= 2;
    } else if (this.#seen >= this.#patience && !this.#late && this.stride > 1) this.stride /= 2;
    else if (this.#seen < (this.stride > 1 && !this.#late ? this.#patience : WINDOW)) return false;
    this.#seen = this.#late = 0;
    return this.stride !== before;
  }
}
