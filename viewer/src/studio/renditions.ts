// The tiers and formats of a version, with their bytes and quality.

import { count, make } from "../page";
import { loadedBytes } from "../rules/stages";
import type { Format, Manifest, Rendition, Tier } from "../wire";
import type { View } from "./routes";
import { field, select } from "./widgets";
import { sizeOf } from "./words";

export const FORMATS: Format[] = ["avif", "webp"];
const ORDER = ["still", "preview", "standard-24", "standard", "hd"];

export function nameOf(format: Format): string {
  return format === "avif" ? "AVIF" : "WebP";
}

/** A tier's key in words: `standard-24` is "standard, 24 frames". */
export function tierInWords(key: string): string {
  const [, tier = key, frames] = /^([a-z]+)-(\d+)$/.exec(key) ?? [];
  return frames ? `${tier}, ${frames} frames` : tier;
}

/** The keys of a manifest's tiers, the lightest first. */
export function tiersOf(manifest: Manifest): string[] {
  return Object.keys(manifest.tiers).sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
}

/** A view that these manifests can show: the wished one, or the fullest. */
export function viewFor(wished: View, ...manifests: Manifest[]): { tier: string; format: Format } {
  const tiers = tiersOf(manifests[0]!).filter((key) => manifests.every((manifest) => key in manifest.tiers));
  const tier = tiers.includes(wished.tier) ? wished.tier : (tiers.at(-1) ?? "still");
  const has = (format: string) => manifests.every((manifest) => manifest.tiers[tier]?.formats[format as Format]);
  const format = [wished.format, ...FORMATS].find((candidate) => candidate && has(candidate)) ?? "webp";
  return { tier, format: format as Format };
}

/** Makes a spin show the view. */
export function applyView(spin: HTMLElement, { tier, format }: View): void {
  const [, name = tier, frames = ""] = /^([a-z]+)-(\d+)$/.exec(tier) ?? [];
  for (const [attribute, value] of Object.entries({ tier: name, frames, format })) {
    if (value) spin.setAttribute(attribute, value);
    else spin.removeAttribute(attribute);
  }
}

/** The selects for tier and format; `onPick` gets the chosen view. */
export function viewFields(manifest: Manifest, view: View, onPick: (view: View) => void): HTMLElement {
  const tier = select(
    tiersOf(manifest).map((key): [string, string] => [key, tierInWords(key)]),
    view.tier,
    { id: "tier" },
  );
  const format = select(
    FORMATS.map((key): [string, string] => [key, nameOf(key)]),
    view.format,
    { id: "format" },
  );
  for (const control of [tier, format]) {
    control.addEventListener("change", () => onPick({ tier: tier.value, format: format.value }));
  }
  return make("div", { class: "forces" }, field("Tier", tier), field("Format", format));
}

/** All renditions of a version; the one that is shown is marked. */
export function renditionTable(manifest: Manifest, view: View): HTMLElement {
  const rows = tiersOf(manifest).flatMap((key) => {
    const tier = manifest.tiers[key]!;
    const formats = FORMATS.filter((format) => tier.formats[format]);
    return formats.map((format, index) => {
      const rendition = tier.formats[format]!;
      const isShown = key === view.tier && format === view.format;
      const row = make("tr", { class: isShown ? "chosen" : undefined, "aria-current": isShown ? "true" : undefined });
      if (!index) {
        const frames = make("small", {}, count(tier.frames, "frame"));
        row.append(make("th", { scope: "rowgroup", rowspan: formats.length }, key, frames));
      }
      const size = make("small", {}, rendition.size.join("×"));
      row.append(
        make("td", {}, nameOf(format), size),
        make("td", {}, weightOf(tier, rendition)),
        ...qualityCells(rendition),
      );
      return row;
    });
  });
  const heads = ["Tier", "Format", "Bytes of budget", "Quality", "Worst", "Spread", "Largest step"].map((text) =>
    make("th", { scope: "col" }, text),
  );
  const caption = make("caption", { class: "unseen" }, "Tiers and formats of this version");
  return make(
    "table",
    { id: "renditions" },
    caption,
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
}

/** Bytes as viewers load them, and as those load them that know whole files alone. */
function weightOf({ budget }: Tier, rendition: Rendition): HTMLElement {
  const bytes = loadedBytes(rendition);
  const share = make("span", { class: "share", "aria-hidden": "true" });
  share.style.setProperty("--share", String(Math.min(1, bytes / budget)));
  const of = make(
    "small",
    {},
    `of ${sizeOf(budget)}${rendition.bare ? `, ${sizeOf(rendition.bytes)} for older viewers` : ""}`,
  );
  return make("span", { class: "weight" }, `${sizeOf(bytes)} `, of, share);
}

function qualityCells({ quality }: Rendition): HTMLElement[] {
  return [quality?.mean, quality?.min, quality?.spread, quality?.step].map((value) =>
    make("td", {}, value === undefined ? "–" : value.toFixed(1)),
  );
}
