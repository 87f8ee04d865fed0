// Hints: what a browser knows about its visitor's network and device.

import type { Ect } from "../wire";

/** Effective connection types, slowest first. */
export const ECTS: readonly Ect[] = ["slow-2g", "2g", "3g", "4g"];

/** What is unknown is left out. */
export interface Hints {
  saveData: boolean;
  mobile: boolean;
  ect?: Ect | undefined;
  rttMs?: number | undefined;
  downlinkMbps?: number | undefined;
  memoryGib?: number | undefined;
  /** Width of the element in device pixels. */
  widthPx?: number;
}

/** The parts of `navigator` that are read; each browser has some of them. */
export interface Browser {
  userAgent: string;
  userAgentData?: { mobile: boolean };
  deviceMemory?: number;
  connection?: { effectiveType?: string; rtt?: number; downlink?: number; saveData?: boolean };
}

/** What the browser knows of itself, whether or not it sends it to the server. */
export function ownHints(browser: Browser): Hints {
  const { effectiveType, rtt, downlink, saveData } = browser.connection ?? {};
  const ect = ECTS.find((one) => one === effectiveType);
  return {
    saveData: !!saveData,
    mobile: browser.userAgentData?.mobile ?? /Mobi/.test(browser.userAgent),
    ect,
    // As in headers, a round trip of 0 means unknown.
    rttMs: rtt || undefined,
    downlinkMbps: downlink,
    memoryGib: browser.deviceMemory,
  };
}
