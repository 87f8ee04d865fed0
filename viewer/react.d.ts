import type { ForwardRefExoticComponent, HTMLAttributes, ReactNode, RefAttributes } from "react";
import type { GirasolSpin as Element, Hotspot, SpinEvents } from "./girasol-spin.js";

type Listeners = { [K in keyof SpinEvents as `on${Capitalize<K>}`]?: (event: SpinEvents[K]) => void };

/** Attributes of the element; any further one is a choice, `metal="rose-gold"`. */
export interface GirasolSpinProps extends Omit<HTMLAttributes<Element>, keyof Listeners>, Listeners {
  src: string;
  alt?: string;
  tier?: string;
  frames?: number | string;
  format?: "avif" | "webp";
  width?: number | string;
  height?: number | string;
  poster?: string;
  autospin?: boolean | number | string;
  controls?: boolean;
  share?: boolean;
  vitals?: "off" | "page";
  hotspots?: Hotspot[];
  children?: ReactNode;
  [choice: string]: unknown;
}

export const GirasolSpin: ForwardRefExoticComponent<GirasolSpinProps & RefAttributes<Element>>;
