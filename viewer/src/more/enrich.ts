// Enriching: hd for a close-up, where the screen can show more and nothing speaks against it.

import type { Kit } from "../element/kit";
import { hintsOf, srcOf } from "../loader/attributes";
import { isForced } from "../rules/forced";
import { mayHaveHd } from "../rules/policy";
import { planStages } from "../rules/stages";

/** Loads hd. `closeUpPx`: device pixels across which the canvas is shown in a close-up; 0 without one. */
export function enrich({ host, screen, loader }: Kit, closeUpPx: number): void {
  const { manifest } = loader;
  if (!manifest || !screen.isComplete || !closeUpPx) return;
  const { format } = manifest.selected!;
  const hd = planStages(manifest, { tier: "hd", frames: 0, format, because: [] }).at(-1);
  const [tier, frames] = ["tier", "frames"].map((name) => host.getAttribute(name));
  if (hd?.tier !== "hd" || isForced(srcOf(host), { tier, frames }) || !mayHaveHd(manifest, hintsOf(host))) return;
  const { width } = screen.view.canvas;
  if ((closeUpPx > width || hd.size[0] > width) && screen.refine(hd.set)) void loader.add(hd);
}
