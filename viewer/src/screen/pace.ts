// Pace: whether the frames that a hand wants are there in time, and how many of them a device should try to show.

const WINDOW = 30;
const LATE_SHARE = 0.4;
const HALVINGS = 2;

/** Halves the frames of the turn when too many come late, and doubles them again after twice as many came in time. */
export class Pace {
  /** Every how many frames one is shown: 1, 2 or 4. */
  stride = 1;
  /** Paints of a turning piece, and those that showed the frame that was wanted. */
  turned = 0;
  wanted = 0;
  #seen = 0;
  #late = 0;
  #patience = 2 * WINDOW;

  /** Notes one paint; whether the stride has changed. */
  note(isOnTime: boolean): boolean {
    this.turned++;
    if (isOnTime) this.wanted++;
    else this.#late++;
    this.#seen++;
    const before = this.stride;
    if (this.#late > WINDOW * LATE_SHARE && this.stride < 2 ** HALVINGS) {
      this.stride *= 2;
      // Who was too slow once has to show for longer that it is not.
      this.#patience *= 2;
    } else if (this.#seen >= this.#patience && !this.#late && this.stride > 1) this.stride /= 2;
    else if (this.#seen < (this.stride > 1 && !this.#late ? this.#patience : WINDOW)) return false;
    this.#seen = this.#late = 0;
    return this.stride !== before;
  }
}
