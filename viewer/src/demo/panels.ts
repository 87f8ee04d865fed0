// The panels: what was selected and why, what has arrived, and all tiers.

import { byId, count, kilobytes, make } from "../page";
import { loadedBytes, type StageProgress } from "../rules/stages";
import { tierKey } from "../rules/tiers";
import type { Manifest } from "../wire";

/** What the server selected, and the rules that decided. */
export function drawSelected(manifest: Manifest): void {
  const { selected } = manifest;
  byId("selected").textContent = selected
    ? `${selected.tier}, ${count(selected.frames, "frame")}, ${selected.format === "avif" ? "AVIF" : "WebP"}`
    : "The manifest does not say.";
  byId("because").replaceChildren(...(selected?.because ?? []).map((rule) => make("li", {}, rule)));
}

export function drawHints(hints: [string, string][]): void {
  const rows = hints.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  byId("hints").replaceChildren(...(rows.length ? rows : [make("dt", {}, "none")]));
}

/** One bar for each tier on the way; shows `elapsedMs` once the tier is complete. */
export function drawArrival(tier: string, detail: StageProgress, elapsedMs: number): void {
  const id = `arrival-${tier}`;
  let row = document.getElementById(id);
  if (!row) {
    row = make(
      "li",
      { id },
      make("span", { class: "tier", id: `${id}-name` }, tier),
      make("span", { class: "took" }),
      make("progress", { "aria-labelledby": `${id}-name` }),
      make("span", { class: "counts" }),
    );
    byId("arrivals").append(row);
  }
  const bar = row.querySelector("progress")!;
  bar.max = detail.totalBytes || detail.total;
  bar.value = detail.totalBytes ? detail.bytes : detail.loaded;
  row.dataset.bytes = String(detail.bytes);
  row.querySelector(".counts")!.textContent =
    `${detail.loaded} of ${count(detail.total, "frame")}, ${kilobytes(detail.bytes)} of ${kilobytes(detail.totalBytes)}`;
  const took = row.querySelector(".took")!;
  if (detail.loaded === detail.total && !took.textContent)
    took.textContent = `after ${(elapsedMs / 1000).toFixed(2)} s`;
}

export function clearArrivals(): void {
  byId("arrivals").replaceChildren();
}

const ORDER = ["still", "preview", "standard-24", "standard", "hd"];

/** All tiers of the manifest; the selected one is marked. */
export function drawTiers(manifest: Manifest): void {
  const { selected } = manifest;
  const keys = Object.keys(manifest.tiers).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const rows = keys.flatMap((key) => {
    const tier = manifest.tiers[key]!;
    const formats = Object.entries(tier.formats);
    return formats.map(([format, rendition], index) => {
      const chosen = selected && tierKey(manifest, selected) === key && selected.format === format;
      const row = make("tr", { class: chosen ? "chosen" : undefined, "aria-current": chosen ? "true" : undefined });
      if (!index) {
        const frames = make("small", {}, count(tier.frames, "frame"));
        row.append(make("th", { scope: "rowgroup", rowspan: formats.length }, key, frames));
      }
      const { quality } = rendition;
      row.append(
        make("td", {}, format === "avif" ? "AVIF" : "WebP", make("small", {}, ` ${rendition.size.join("×")}`)),
        make("td", {}, kilobytes(loadedBytes(rendition)), make("small", {}, ` of ${kilobytes(tier.budget)}`)),
        make(
          "td",
          {},
          quality?.mean.toFixed(1) ?? "",
          make("small", {}, quality ? ` / ${quality.min.toFixed(1)}` : ""),
        ),
      );
      return row;
    });
  });
  byId("tiers").replaceChildren(...rows);
  for (const option of byId<HTMLSelectElement>("tier").options) {
    option.disabled = option.value !== "" && !(option.value in manifest.tiers);
  }
}
