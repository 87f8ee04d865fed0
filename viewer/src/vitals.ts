// Vitals: how one view of a spin went, for the shop's own server. Numbers and a configuration, nothing of a person.

import type { VitalsReport } from "./wire";

/** Measures one view after the other: each lasts from when the spin comes near the viewport until it leaves it. */
export interface Vitals {
  begin(): void;
  add(what: "bytes" | "errors" | "switches" | "turned" | "wanted", by?: number): void;
  /** Notes when something happened for the first time. */
  mark(what: "frame_ms" | "spin_ms" | "full_ms"): void;
  addSwitch(ms: number): void;
  /** What the second file has measured of the view, once it is there. */
  extra?(): object;
  /** Ends the view. Its report goes to the server of the sequence at `src`, if there is one and anything was measured. */
  end(src: string | false, configuration?: string, tier?: string): void;
}

export function createVitals(): Vitals {
  let report: Omit<VitalsReport, "schema"> = {};
  let nearAt = 0;

  const add: Vitals["add"] = (what, by = 1) => {
    report[what] = (report[what] ?? 0) + by;
  };
  const vitals: Vitals = {
    add,
    begin() {
      nearAt = performance.now();
    },
    mark(what) {
      report[what] ??= Math.round(performance.now() - nearAt);
    },
    addSwitch(ms) {
      add("switches");
      report.switch_ms = Math.max(report.switch_ms ?? 0, Math.round(ms));
    },
    end(src, configuration, tier) {
      const body = JSON.stringify({ schema: "girasol.vitals/1", ...report, ...vitals.extra?.(), configuration, tier });
      const [isMeasured] = Object.keys(report);
      report = {};
      if (src && isMeasured) navigator.sendBeacon?.(src.replace(/products\/customizable.*/, "vitals"), body);
    },
  };
  return vitals;
}
