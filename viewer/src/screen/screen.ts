// The screen: which of the frames that have arrived stands on the canvas, at the angle to which the piece is turned.

import { emit, setState } from "../events";
import { choicesOf, productOf } from "../rules/address";
import { framesOf, type Stage } from "../rules/stages";
import { nearestDegree, normalize } from "../rules/turn";
import type { Vitals } from "../vitals";
import type { Manifest } from "../wire";
import { type MemoryUser, memoryShareOf, shareMemory } from "./memory";
import { paint, paintPlaceholder } from "./paint";
import { createReel, type DecodedFrame, type EncodedFrame, type Reel } from "./reel";
import { buildView, describeStage, type View } from "./view";

/** A spin that is to take the place of the one on the canvas. */
export interface Incoming {
  manifest: Manifest;
  /** Coarse to fine; not empty. */
  stages: Stage[];
  /** The stage of which one frame, the nearest to the angle, has to be decoded before the spin is shown. */
  grid: Stage;
  /** When the visitor chose it, if it takes the place of another configuration; else 0. */
  switchedAt: number;
}

/** What the second file does for the screen, once it is there. */
export interface Helper {
  /** Lets what stands on the canvas fade away over what is painted next. */
  fade(): void;
  /** The degrees that are shown of a complete spin, where frames come too late and fewer have to do. */
  readonly degrees: Set<number> | undefined;
  /** Notes one painting of a turning piece. */
  note(isOnTime: boolean): void;
}

export interface Screen {
  readonly view: View;
  helper: Helper | undefined;
  /** Where the piece is turned to, 0 up to 360. */
  readonly angle: number;
  /** Degrees that the arrow keys step through. */
  readonly degrees: number[];
  /** The configuration on the canvas; undefined while it is the placeholder. */
  readonly configuration: string | undefined;
  /** The frames that have arrived. */
  readonly frames: Reel<ImageBitmap>;
  /** The degree of the frame on the canvas; undefined while it is the placeholder. */
  readonly displayedDegree: number | undefined;
  /** All stages have arrived. */
  readonly isComplete: boolean;
  turn(angle: number): void;
  /** Turns from where the piece is; before the first manifest, from where it will be. */
  turnBy(degrees: number): void;
  /** Whether the piece turns by itself: its angle is then no news for assistive technology. */
  isPlaying: boolean;
  /** Gives assistive technology the name and the angle. */
  describe(): void;
  /** Paints once before the next refresh of the display. */
  refresh(): void;
  /** Near the viewport it may hold decoded frames. */
  setNear(isNear: boolean): void;
  /** Prepares for a spin; it is shown once its first frame is there. */
  expect(incoming: Incoming): void;
  /** Shows the spin that is expected, whichever of its frames are there. */
  reveal(): void;
  /** A finer set is on its way, and its frames are shown as they arrive; false where it is shown already. */
  refine(set: string): boolean;
  /** The last stage has arrived: only its frames stay. */
  complete(stage: Stage): void;
  /** Drops the spin that is expected; what is on the canvas stays. */
  abandon(): void;
  /** Ends all work, as the element leaves its page. */
  close(): void;
  /** Ends all work, and nothing of the piece is shown any more. */
  clear(): void;
}

export interface ScreenHooks {
  /** The visitor wants the load to be tried again. */
  onRetry(): void;
  /** A frame cannot be decoded. */
  onBroken(error: unknown, frame: EncodedFrame): void;
}

export function createScreen(host: HTMLElement, vitals: Vitals, { onRetry, onBroken }: ScreenHooks): Screen {
  const view = buildView(host, onRetry);
  // Unknown until the first manifest names its hero, unless the page has set it.
  let turnedTo: number | undefined;
  /** How far a hand has turned the piece before that. */
  let turnedBy = 0;
  let degrees: number[] = [];
  // The sets that are painted from; those of the spin before until the new one has its first frame.
  let sets: string[] = [];
  let incoming: Incoming | undefined;
  let shown: Manifest | undefined;
  let switchedAt = 0;
  let painted: DecodedFrame<ImageBitmap> | undefined;
  let isComplete = false;
  // The angle has changed since the last painting.
  let hasTurned = false;
  let refreshing = 0;

  const frames = createReel<ImageBitmap>({
    // Off the main thread.
    decode: ({ format, bytes }) => createImageBitmap(new Blob([bytes], { type: `image/${format}` })),
    onPicture: () => {
      revealIfReady();
      refresh();
    },
    onBroken,
  });
  const memory: MemoryUser = { onShare: () => aim() };

  const angle = () => turnedTo ?? normalize(turnedBy);
  const describe = () => describeStage(view, host.getAttribute("alt"), angle(), degrees.length === 1);

  const shownDegrees = () => (isComplete ? screen.helper?.degrees : undefined);

  /** Decodes what may be shown next. */
  const aim = () =>
    frames.aim({
      angle: angle(),
      sets: [...new Set([...sets, ...framesOf(incoming?.stages ?? []).keys()])],
      degrees: shownDegrees(),
      maxBytes: memoryShareOf(memory),
    });

  // A piece that stands at 120 degrees must not jump to the hero and back because its metal changed.
  const revealIfReady = () => {
    if (!incoming) return;
    const { set, degrees } = incoming.grid;
    if (frames.isDecoded(set, nearestDegree(degrees, angle())!)) reveal();
  };

  /** The frames of these stages are shown; all others are dropped. */
  const show = (stages: Stage[]) => {
    const index = framesOf(stages);
    sets = [...index.keys()];
    frames.retain(index);
  };

  const reveal = () => {
    if (!incoming) return;
    const { manifest, stages } = incoming;
    incoming = undefined;
    shown = manifest;
    show(stages);
    if (switchedAt && painted) screen.helper?.fade();
    view.place(manifest.view, productOf(manifest.configuration));
    setState(host, "hero");
    refresh();
  };

  // Frames arrive and angles change faster than a display refreshes.
  const refresh = () => {
    refreshing ||= requestAnimationFrame(() => {
      refreshing = 0;
      aim();
      const nearest = frames.nearest({ angle: angle(), sets, degrees: shownDegrees() });
      if (hasTurned && nearest) notePace(nearest.degree);
      if (!nearest || nearest.picture === painted?.picture) return;
      const { degree, picture } = nearest;
      painted = { degree, picture };
      paint(view.canvas, picture);
      view.brought.hidden = true;
      vitals.mark("frame_ms");
      if (!switchedAt || !shown || incoming) return;
      const { configuration } = shown;
      const ms = performance.now() - switchedAt;
      switchedAt = 0;
      vitals.addSwitch(ms);
      emit(host, "switch", { configuration, choices: choicesOf(configuration), angle: angle(), ms });
    });
  };

  const notePace = (degree: number) => {
    hasTurned = false;
    if (!isComplete) return;
    const isOnTime = degree === nearestDegree(shownDegrees() ?? degrees, angle());
    vitals.add("turned");
    if (isOnTime) vitals.add("wanted");
    screen.helper?.note(isOnTime);
  };

  const turn = (to: number) => {
    const turned = normalize(to);
    if (turned === turnedTo) return;
    turnedTo = turned;
    hasTurned = true;
    refresh();
    if (!screen.isPlaying) describe();
    emit(host, "anglechange", { angle: turned });
  };

  const close = () => {
    cancelAnimationFrame(refreshing);
    refreshing = 0;
    frames.retain(new Map());
    isComplete = false;
    painted = undefined;
    setState(host, "placeholder");
  };

  const screen: Screen = {
    view,
    helper: undefined,
    get angle() {
      return angle();
    },
    get degrees() {
      return degrees;
    },
    get configuration() {
      return painted && shown?.configuration;
    },
    frames,
    get displayedDegree() {
      return painted?.degree;
    },
    get isComplete() {
      return isComplete;
    },
    describe,
    refresh,
    reveal,
    turn,
    turnBy(degrees) {
      if (turnedTo === undefined) turnedBy += degrees;
      else turn(turnedTo + degrees);
    },
    isPlaying: false,
    setNear: (isNear) => shareMemory(memory, isNear),
    expect(next) {
      const { manifest, stages } = next;
      switchedAt = next.switchedAt;
      degrees = stages.at(-1)!.degrees;
      turnedTo ??= normalize(manifest.hero + turnedBy);
      view.stage.style.backgroundColor = manifest.ground;
      describe();
      // A picture that the page has brought is sharper.
      if (!painted && manifest.placeholder && !host.getAttribute("poster") && !host.querySelector("img")) {
        view.place(manifest.view, productOf(manifest.configuration));
        // After the requests for frames, which are made before this task ends: it takes a slow phone a while.
        queueMicrotask(() => painted || paintPlaceholder(view.canvas, manifest.placeholder!));
      }
      incoming = next;
      aim();
      revealIfReady();
    },
    refine(set) {
      if (sets.includes(set)) return false;
      sets.push(set);
      isComplete = false;
      return true;
    },
    complete(stage) {
      degrees = stage.degrees;
      show([stage]);
      isComplete = true;
      refresh();
    },
    abandon() {
      incoming = undefined;
      isComplete = false;
    },
    close,
    clear() {
      close();
      view.canvas.removeAttribute("style");
    },
  };
  return screen;
}
