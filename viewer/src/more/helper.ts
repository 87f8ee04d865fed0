// What the second file does for the screen: it fades one spin into the next, and shows fewer frames where a device is too
// slow for all of them.

import type { Kit } from "../element/kit";
import { emit } from "../events";
import type { Helper } from "../screen/screen";
import { createFade } from "./fade";
import { Pace } from "./pace";

export function createHelper(kit: Kit): Helper {
  const { host, screen, loader } = kit;
  const pace = new Pace();
  return {
    fade: createFade(kit),
    get degrees() {
      const { stride } = pace;
      return stride > 1 ? new Set(screen.degrees.filter((_, index) => index % stride === 0)) : undefined;
    },
    note(isOnTime) {
      const { selected } = loader.manifest ?? {};
      if (!pace.note(isOnTime) || !selected) return;
      const { tier, format } = selected;
      emit(host, "tierchange", { tier, frames: Math.ceil(screen.degrees.length / pace.stride), format });
      screen.refresh();
    },
  };
}
