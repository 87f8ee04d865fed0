// The second file: fetched from beside the first, by its own address.

import type { Kit, More } from "./element/kit";

/** Requests it once for the page; a failure is asked again by the next need. */
export async function loadMore(kit: Kit): Promise<More> {
  return (await import("./girasol-spin.more.js")).createMore(kit);
}
