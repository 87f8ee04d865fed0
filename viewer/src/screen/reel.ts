// The reel: every frame of a spin that has arrived, encoded, and those of them round the angle that are decoded.

import type { Format } from "../wire";
import { apart, nearer } from "./turn";

export interface Picture {
  close(): void;
}

export interface Shown<P extends Picture> {
  degree: number;
  picture: P;
}

/** What a frame is, before it is decoded. */
export interface Encoded {
  set: string;
  degree: number;
  format: Format;
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that it takes decoded. */
  weight: number;
}

type Frame<P> = Encoded & { picture?: P | undefined; busy?: boolean; broken?: boolean };

/** What is shown, from which sets (coarse to fine), and how many bytes may be decoded for it. */
export interface Aim {
  angle: number;
  sets: string[];
  /** Only these, where not every frame is to be shown. */
  degrees?: Set<number> | undefined;
  maxBytes: number;
}

export interface Projector<P extends Picture> {
  decode(frame: Encoded): Promise<P>;
  /** A frame has been decoded. */
  onPicture(frame: Encoded): void;
  onBroken(error: unknown): void;
}

const DECODES_AT_ONCE = 4;
// However fast it is turned, one of so many frames round the turn is near. Load order is coarse to fine.
const BASE_FRAMES = 6;

export class Reel<P extends Picture> {
  #frames = new Map<string, Frame<P>>();
  #aim: Aim = { angle: 0, sets: [], maxBytes: 0 };
  #window: Frame<P>[] = [];
  #busy = 0;
  #settled: (() => void)[] = [];

  constructor(private readonly projector: Projector<P>) {}

  /** Whether a frame has arrived. */
  has(set: string, degree: number): boolean {
    return this.#frames.has(`${set}/${degree}`);
  }

  /** Whether a frame can be painted. */
  isDecoded(set: string, degree: number): boolean {
    return !!this.#frames.get(`${set}/${degree}`)?.picture;
  }

  put(frame: Encoded): void {
    const key = `${frame.set}/${frame.degree}`;
    if (this.#frames.has(key)) return;
    this.#frames.set(key, { ...frame });
    this.aim(this.#aim);
  }

  /** Decodes what the aim needs most, within its bytes, and frees the rest. */
  aim(aim: Aim): void {
    this.#aim = aim;
    this.#window = windowOf(
      [...this.#frames.values()].filter(({ broken }) => !broken),
      aim,
    );
    const kept = new Set(this.#window);
    for (const frame of this.#frames.values()) if (!kept.has(frame)) free(frame);
    this.#decodeNext();
  }

  /** The decoded frame nearest to an angle in the sets given; of two equally near ones, that of the later set. */
  nearest(aim: Pick<Aim, "angle" | "sets" | "degrees">): Shown<P> | undefined {
    const [best] = byNeed(
      [...this.#frames.values()].filter(({ picture }) => picture),
      aim,
    );
    return best as Shown<P> | undefined;
  }

  /** Forgets all frames but those of the sets and degrees given. */
  retain(kept: Map<string, Set<number>>): void {
    for (const [key, frame] of this.#frames) {
      if (kept.get(frame.set)?.has(frame.degree)) continue;
      free(frame);
      this.#frames.delete(key);
    }
    this.aim(this.#aim);
  }

  /** Resolves when everything that the aim needs is decoded. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled.push(resolve);
      this.#decodeNext();
    });
  }

  /** How many frames are decoded. */
  get size(): number {
    return [...this.#frames.values()].filter(({ picture }) => picture).length;
  }

  #decodeNext(): void {
    for (const frame of this.#window) {
      if (this.#busy >= DECODES_AT_ONCE) return;
      if (!frame.picture && !frame.busy) void this.#decode(frame);
    }
    if (!this.#busy) this.#settled.splice(0).forEach((resolve) => resolve());
  }

  async #decode(frame: Frame<P>): Promise<void> {
    this.#busy++;
    frame.busy = true;
    try {
      const picture = await this.projector.decode(frame);
      // The aim may have gone elsewhere meanwhile.
      if (this.#window.includes(frame)) {
        frame.picture = picture;
        this.projector.onPicture(frame);
      } else picture.close();
    } catch (error) {
      if (this.#window.includes(frame)) {
        // It is not tried again, and the frames beside it stand in for it.
        frame.broken = true;
        this.#window = this.#window.filter((other) => other !== frame);
        this.projector.onBroken(error);
      }
    }
    frame.busy = false;
    this.#busy--;
    this.#decodeNext();
  }
}

/** Frames to be decoded, most needed first: the one at the angle, a few round the whole turn, then outwards from the angle. */
export function windowOf<F extends Encoded>(frames: F[], aim: Aim): F[] {
  const needed = byNeed(frames, aim);
  const usable = frames.filter((frame) => needed.includes(frame));
  const finest = Math.max(...usable.map(({ set }) => aim.sets.indexOf(set)));
  const base = usable.filter(({ set }) => set === aim.sets[finest]).slice(0, BASE_FRAMES);
  let left = aim.maxBytes;
  return [...new Set([...needed.slice(0, 1), ...base, ...needed])].filter(({ weight }) => (left -= weight) >= 0);
}

/** What may be shown, nearest to the angle first; of two equally near ones the finer, then the one that the turn passed last. */
function byNeed<F extends Encoded>(
  frames: F[],
  { angle, sets, degrees }: Pick<Aim, "angle" | "sets" | "degrees">,
): F[] {
  const order = ({ set }: F) => sets.indexOf(set);
  return frames
    .filter((frame) => order(frame) >= 0 && (!degrees || degrees.has(frame.degree)))
    .sort(
      (one, other) =>
        apart(one.degree, angle) - apart(other.degree, angle) ||
        order(other) - order(one) ||
        nearer(one.degree, other.degree, angle),
    );
}

function free(frame: Frame<Picture>): void {
  frame.picture?.close();
  frame.picture = undefined;
}
