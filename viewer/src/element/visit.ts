// A visit: how it went for whoever looked, from when the spin came near until it was looked at no more.

import { configurationOf } from "../loader/choices";
import type { Pace } from "../screen/pace";
import type { Manifest } from "../wire";
import { sendVitals, type Vitals } from "./vitals";

export class Visit {
  private vitals: Vitals = { schema: "girasol.vitals/1" };
  private nearAt = 0;

  arrive(): void {
    this.nearAt = performance.now();
  }

  tally(what: "bytes" | "errors" | "switches", by = 1): void {
    this.vitals[what] = (this.vitals[what] ?? 0) + by;
  }

  note(what: "frame_ms" | "spin_ms" | "full_ms"): void {
    this.vitals[what] ??= performance.now() - this.nearAt;
  }

  noteSwitch(ms: number): void {
    this.tally("switches");
    this.vitals.switch_ms = Math.max(this.vitals.switch_ms ?? 0, ms);
  }

  /** Tells the shop's server, once for each time that it was looked at, and begins to count anew. */
  tell(host: HTMLElement, src: string, manifest: Manifest | undefined, pace: Pace): void {
    const { turned, wanted } = pace;
    const { configuration, selected } = manifest ?? {};
    const vitals = { ...this.vitals, ...(turned && { turned, wanted }), configuration, tier: selected?.tier };
    // What artists look at in the studio has no address of a sequence, and is nobody's visit.
    if (configurationOf(src) && host.getAttribute("vitals") !== "off" && Object.keys(vitals).length > 3)
      sendVitals(src, vitals);
    this.vitals = { schema: vitals.schema };
    pace.turned = pace.wanted = 0;
  }
}
