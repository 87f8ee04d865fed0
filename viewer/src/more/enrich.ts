// Enriching: hd for a close-up, where the screen can show more and nothing speaks against it.

import type { Kit } from "../element/kit";
import { hintsOf, srcOf } from "../loader/attributes";
import { isForced } from "../rules/forced";
import { mayHaveHd } from "../rules/policy";
import { planStages, type Stage } from "../rules/stages";

/** hd of the spin that is shown; undefined where there is none, the page forces a tier, or the policy gives less to this visitor. */
export function hdOf({ host, loader: { manifest } }: Kit): Stage | undefined {
  if (!manifest) return;
  const { format } = manifest.selected!;
  const hd = planStages(manifest, { tier: "hd", frames: 0, format, because: [] }).at(-1);
  const [tier, frames] = ["tier", "frames"].map((name) => host.getAttribute(name));
  if (hd?.tier !== "hd" || isForced(srcOf(host), { tier, frames }) || !mayHaveHd(manifest, hintsOf(host))) return;
  return hd;
}

/** Loads hd. `closeUpPx`: device pixels across which the canvas is shown in a close-up; 0 without one. */
export function enrich(kit: Kit, closeUpPx: number): void {
  const { screen, loader } = kit;
  const hd = screen.isComplete && closeUpPx && hdOf(kit);
  if (!hd) return;
  const { manifest } = loader;
  // Not the canvas: one frame of hd may stand there already, at rest.
  const [width] = planStages(manifest!, manifest!.selected!).at(-1)!.size;
  if ((closeUpPx > width || hd.size[0] > width) && screen.refine(hd.set)) void loader.add(hd);
}
