// The published types hold for the element: this file compiles, or they do not.

import type { GirasolSpin as Published, SpinEvents as PublishedEvents, Words as PublishedWords } from "../girasol-spin";
import type { Attributes, GirasolSpin, SpinEvents } from "./element/element";
import type { Words } from "./words";

type Members =
  | "angle"
  | "hotspots"
  | "configuration"
  | "displayedDegree"
  | "loadedFrames"
  | "spinTo"
  | "warm"
  | "toggleFullscreen"
  | "reload";
type Holds<T extends true> = T;

export type Checks = [
  Holds<Pick<GirasolSpin, Members> extends Pick<Published, Members> ? true : false>,
  Holds<Exclude<keyof Published, keyof GirasolSpin | Attributes> extends never ? true : false>,
  Holds<Words extends PublishedWords ? true : false>,
  Holds<PublishedWords extends Words ? true : false>,
  Holds<SpinEvents extends { [K in keyof PublishedEvents]: PublishedEvents[K] } ? true : false>,
  Holds<keyof SpinEvents extends keyof PublishedEvents ? true : false>,
];
