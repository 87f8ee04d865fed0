// Bytes and quality of two versions, tier by tier.

import type { Version } from "../api";
import { make } from "../page";
import { loadedBytes } from "../rules/stages";
import type { Format, Manifest } from "../wire";
import { FORMATS, nameOf, tiersOf } from "./renditions";
import type { View } from "./routes";
import { signed, sizeOf } from "./words";

/** What a version has of a tier in a format. */
export interface Facts {
  bytes: number | undefined;
  mean: number | undefined;
  min: number | undefined;
}

export interface Line {
  tier: string;
  format: Format;
  facts: [Facts, Facts];
}

/** Every tier and format that one of the two has. */
export function linesOf(manifests: [Manifest, Manifest]): Line[] {
  const tiers = [...new Set(manifests.flatMap(tiersOf))];
  return tiers.flatMap((tier) =>
    FORMATS.map((format) => ({
      tier,
      format,
      facts: manifests.map((manifest) => factsOf(manifest, tier, format)) as [Facts, Facts],
    })).filter(({ facts }) => facts.some(({ bytes }) => bytes !== undefined)),
  );
}

function factsOf(manifest: Manifest, tier: string, format: Format): Facts {
  const rendition = manifest.tiers[tier]?.formats[format];
  return { bytes: rendition && loadedBytes(rendition), mean: rendition?.quality?.mean, min: rendition?.quality?.min };
}

export function comparisonTable(
  versions: [Version, Version],
  manifests: [Manifest, Manifest],
  view: View,
): HTMLElement {
  const groups = ["Bytes", "Quality", "Worst frame"];
  const over = groups.map((text) => make("th", { scope: "colgroup", colspan: 3 }, text));
  const under = groups
    .flatMap(() => [...versions.map(({ version }) => `v${version}`), "change"])
    .map((text) => make("th", { scope: "col" }, text));
  const rows = linesOf(manifests).map(({ tier, format, facts: [one, other] }) => {
    const isShown = tier === view.tier && format === view.format;
    return make(
      "tr",
      { class: isShown ? "chosen" : undefined, "aria-current": isShown ? "true" : undefined },
      make("th", { scope: "row" }, `${tier}, ${nameOf(format)}`),
      ...cells(one.bytes, other.bytes, sizeOf, percent, -1),
      ...cells(one.mean, other.mean, oneDigit, difference, 1),
      ...cells(one.min, other.min, oneDigit, difference, 1),
    );
  });
  const head = make("thead", {}, make("tr", {}, make("td", {}), ...over), make("tr", {}, make("td", {}), ...under));
  return make("table", { class: "comparison" }, head, make("tbody", {}, ...rows));
}

/** `better`: 1 where more is better, -1 where less is. */
function cells(
  one: number | undefined,
  other: number | undefined,
  words: (value: number) => string,
  change: (one: number, other: number) => string,
  better: 1 | -1,
): HTMLElement[] {
  const text = one !== undefined && other !== undefined ? change(one, other) : "";
  const gain = (other ?? 0) - (one ?? 0);
  const kind = !text || text.startsWith("±") ? "" : gain * better > 0 ? "better" : "worse";
  return [
    make("td", {}, one === undefined ? "–" : words(one)),
    make("td", {}, other === undefined ? "–" : words(other)),
    make("td", { class: `change ${kind}` }, text),
  ];
}

function percent(one: number, other: number): string {
  return `${signed((100 * (other - one)) / Math.max(1, one))} %`;
}

function difference(one: number, other: number): string {
  return signed(other - one);
}

function oneDigit(value: number): string {
  return value.toFixed(1);
}
