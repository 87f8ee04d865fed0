// The reel: every frame of a spin that has arrived, encoded; those of them near the angle are decoded.

import type { FrameIndex, Stage } from "../rules/stages";
import { apart, nearer } from "../rules/turn";
import type { Format } from "../wire";

export interface Picture {
  close(): void;
}

export interface DecodedFrame<P extends Picture> {
  degree: number;
  picture: P;
}

export interface EncodedFrame {
  set: string;
  degree: number;
  format: Format;
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that it takes decoded. */
  weight: number;
}

type Frame<P> = EncodedFrame & { picture?: P | undefined; broken?: boolean };

/** What may be shown: the frames of these sets, coarse to fine. */
interface Shown {
  angle: number;
  sets: string[];
  /** Only these, where not every frame is shown. */
  degrees?: Set<number> | undefined;
}

/** Frames of one set. */
type Grid = Pick<Stage, "set" | "degrees">;

/** A stage, and what to call once it is decoded. */
type Waiting = [Grid, () => void];

/** What may be shown, and how many bytes may be decoded for it. */
export interface Aim extends Shown {
  maxBytes: number;
}

export interface ReelHooks<P extends Picture> {
  decode(frame: EncodedFrame): Promise<P>;
  /** A frame has been decoded. */
  onPicture(frame: EncodedFrame): void;
  /** A frame cannot be decoded. It is not tried again, and its neighbours stand in for it. */
  onBroken(error: unknown, frame: EncodedFrame): void;
}

export interface Reel<P extends Picture> {
  /** How many frames are decoded. */
  readonly size: number;
  /** Whether a frame has arrived. */
  has(set: string, degree: number): boolean;
  /** Whether a frame can be painted. */
  isDecoded(set: string, degree: number): boolean;
  put(frame: EncodedFrame): void;
  /** Decodes the frames that the aim needs most, within its bytes, and frees the rest. */
  aim(aim: Aim): void;
  /** The decoded frame nearest to the angle; of two equally near ones, that of the later set. */
  nearest(shown: Shown): DecodedFrame<P> | undefined;
  /** Removes all frames but these. */
  retain(index: FrameIndex): void;
  /** Resolves when the frames of a stage that the aim needs are decoded; they come before those of later stages. */
  settled(stage: Grid): Promise<void>;
}

const DECODES_AT_ONCE = 4;
// However fast the piece is turned, one of so many frames round the turn is near. Load order is coarse to fine.
const BASE_FRAMES = 6;

export function createReel<P extends Picture>({ decode, onPicture, onBroken }: ReelHooks<P>): Reel<P> {
  const frames = new Map<string, Frame<P>>();
  let current: Aim = { angle: 0, sets: [], maxBytes: 0 };
  let wanted: Frame<P>[] = [];
  const busy = new Set<Frame<P>>();
  let waiting: Waiting[] = [];

  const keyOf = (set: string, degree: number) => `${set}/${degree}`;
  const decoded = () => [...frames.values()].filter((frame) => frame.picture);

  const aim = (to: Aim) => {
    current = to;
    wanted = windowOf(
      [...frames.values()].filter((frame) => !frame.broken),
      to,
    );
    for (const frame of frames.values()) if (!wanted.includes(frame)) free(frame);
    const left = wanted.filter((frame) => !frame.picture);
    const leftOf = ([stage]: Waiting) =>
      left.filter((frame) => frame.set === stage.set && stage.degrees.includes(frame.degree));
    waiting = waiting.filter((one) => leftOf(one)[0] || one[1]());
    for (const frame of [...waiting.flatMap(leftOf), ...left])
      if (busy.size < DECODES_AT_ONCE && !busy.has(frame)) void decodeOne(frame);
  };

  const decodeOne = async (frame: Frame<P>) => {
    busy.add(frame);
    try {
      const picture = await decode(frame);
      // The aim may have moved meanwhile.
      if (wanted.includes(frame)) {
        frame.picture = picture;
        onPicture(frame);
      } else picture.close();
    } catch (error) {
      if (wanted.includes(frame)) {
        frame.broken = true;
        wanted = wanted.filter((other) => other !== frame);
        onBroken(error, frame);
      }
    }
    busy.delete(frame);
    aim(current);
  };

  return {
    get size() {
      return decoded().length;
    },
    has: (set, degree) => frames.has(keyOf(set, degree)),
    isDecoded: (set, degree) => !!frames.get(keyOf(set, degree))?.picture,
    put(frame) {
      const key = keyOf(frame.set, frame.degree);
      if (frames.has(key)) return;
      frames.set(key, frame);
      // The first of a pack is decoded with the device to itself, and the others are looked at once it is there: on a slow
      // phone each look would keep it waiting.
      if (!busy.size) aim(current);
    },
    aim,
    nearest: (shown) => byNeed(decoded(), shown)[0] as DecodedFrame<P> | undefined,
    retain(index) {
      for (const [key, frame] of frames) {
        if (index.get(frame.set)?.has(frame.degree)) continue;
        free(frame);
        frames.delete(key);
      }
      aim(current);
    },
    settled: (stage) =>
      new Promise((resolve) => {
        waiting.push([stage, resolve]);
        aim(current);
      }),
  };
}

/** The frames to decode, most needed first: that at the angle, a few round the whole turn, then outwards from the angle. */
export function windowOf<F extends EncodedFrame>(frames: F[], aim: Aim): F[] {
  const needed = byNeed(frames, aim);
  const usable = frames.filter((frame) => needed.includes(frame));
  const finest = Math.max(...usable.map(({ set }) => aim.sets.indexOf(set)));
  const base = usable.filter(({ set }) => set === aim.sets[finest]).slice(0, BASE_FRAMES);
  let left = aim.maxBytes;
  return [...new Set([...needed.slice(0, 1), ...base, ...needed])].filter(({ weight }) => (left -= weight) >= 0);
}

/** What may be shown, nearest to the angle first; of two equally near ones the finer, then the one that the turn passed last. */
function byNeed<F extends EncodedFrame>(frames: F[], { angle, sets, degrees }: Shown): F[] {
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
