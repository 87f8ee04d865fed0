// Two versions side by side, turned together: what differs in the picture, in bytes and in quality.

import type { Sequence, Version } from "../api";
import type { GirasolSpin } from "../element/element";
import { make } from "../page";
import type { Manifest } from "../wire";
import { sequences } from "./api";
import { comparisonTable } from "./comparison";
import { loadManifest } from "./manifests";
import { applyView, viewFields, viewFor } from "./renditions";
import { configurationHash, goTo, hashOf, noteRoute, type Route, type View } from "./routes";
import { field, link, panel, select } from "./widgets";
import { choicesOf, pieceInWords } from "./words";

type At = Extract<Route, { at: "compare" }>;
type Mode = "side" | "difference" | "wipe";

const MODES: [Mode, string][] = [
  ["side", "Side by side"],
  ["difference", "Difference"],
  ["wipe", "Wipe"],
];
const AMPLIFIED = 4;
/** The mode stays from one pair to the next. */
let mode: Mode = "side";

export async function showCompare(page: HTMLElement, route: At, signal: AbortSignal): Promise<void> {
  const sequence = await sequences.show(route.configuration);
  const find = (number: number) => sequence.versions.find(({ version }) => version === number);
  const [one, other] = route.versions.map(find);
  if (!one || !other) return showMissing(page, route);
  const [left, right] = await Promise.all([loadManifest(one.manifest), loadManifest(other.manifest)]);
  if (!signal.aborted) show(page, route, sequence, [one, other], [left, right], signal);
}

function show(
  page: HTMLElement,
  route: At,
  sequence: Sequence,
  versions: [Version, Version],
  manifests: [Manifest, Manifest],
  signal: AbortSignal,
): void {
  const { product, choices } = choicesOf(route.configuration);
  const piece = pieceInWords(product, choices);
  let view: View = viewFor(route.view, ...manifests);
  const spins = versions.map(({ manifest, version }, index) =>
    make("girasol-spin", {
      id: `spin-${index + 1}`,
      src: manifest,
      width: 1,
      height: 1,
      alt: `${piece}, version ${version}. Turn with the arrow keys.`,
    }),
  ) as [GirasolSpin, GirasolSpin];
  const angle = make("span", { class: "angle", id: "angle" }, "0°");
  const stack = make(
    "div",
    { class: "stack" },
    ...spins.map((spin, index) =>
      make("figure", {}, make("div", { class: "ground" }, spin), captionOf(versions[index]!)),
    ),
  );
  const table = make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Tiers" });

  lock(spins, (degrees) => (angle.textContent = `${Math.round(degrees) % 360}°`));

  const amplify = make("input", { type: "range", id: "amplify", min: 1, max: 20, step: 1, value: AMPLIFIED });
  const amplified = make("span", {});
  const amplifyField = field("Amplified ", amplify);
  amplifyField.firstElementChild!.append(amplified);
  const wipe = make("input", { type: "range", id: "wipe", min: 0, max: 100, value: 50 });
  const wipeField = field("Wipe", wipe);
  const drawMode = () => {
    stack.dataset.mode = mode;
    amplifyField.hidden = mode !== "difference";
    wipeField.hidden = mode !== "wipe";
    amplified.textContent = `${amplify.value} times`;
    stack.style.setProperty("--amplify", amplify.value);
    stack.style.setProperty("--wipe", `${wipe.value}%`);
  };
  amplify.addEventListener("input", drawMode);
  wipe.addEventListener("input", drawMode);

  const drawView = () => {
    spins.forEach((spin) => applyView(spin, view));
    table.replaceChildren(comparisonTable(versions, manifests, view));
  };

  page.replaceChildren(
    make(
      "header",
      { class: "head" },
      make(
        "div",
        {},
        make(
          "p",
          { class: "crumbs" },
          link("Products", "#/products"),
          " / ",
          link(piece, configurationHash(route.configuration)),
        ),
        make("h1", { tabindex: -1 }, `Version ${versions[0].version} and version ${versions[1].version}`),
      ),
      pairFields(route, sequence),
    ),
    make(
      "section",
      { class: "panel", "aria-label": "Both spins" },
      make(
        "div",
        { class: "bar" },
        modeFields((chosen) => {
          mode = chosen;
          drawMode();
        }),
        amplifyField,
        wipeField,
        viewFields(manifests[0], view, (wished) => {
          view = viewFor(wished, ...manifests);
          noteRoute({ ...route, view });
          drawView();
        }),
      ),
      stack,
      make("p", { class: "under" }, make("span", { class: "quiet" }, "Both turn together"), angle),
    ),
    panel("Bytes and quality", { id: "comparison" }, table),
  );
  drawMode();
  drawView();
  signal.addEventListener("abort", () => stack.remove());
}

/** Turning one spin turns the other. */
function lock([one, other]: [GirasolSpin, GirasolSpin], onTurn: (degrees: number) => void): void {
  const follow = (leader: GirasolSpin, follower: GirasolSpin) => {
    leader.addEventListener("anglechange", () => {
      if (follower.angle !== leader.angle) follower.spinTo(leader.angle);
      onTurn(leader.angle);
    });
  };
  follow(one, other);
  follow(other, one);
}

function captionOf({ version, live }: Version): HTMLElement {
  return make("figcaption", {}, `Version ${version}${live ? ", live" : ""}`);
}

function modeFields(onPick: (mode: Mode) => void): HTMLElement {
  const inputs = MODES.map(([value, label]) => {
    const input = make("input", { type: "radio", name: "mode", value, id: `mode-${value}`, checked: value === mode });
    input.addEventListener("change", () => onPick(value));
    return make("label", { class: "segment" }, input, make("span", {}, label));
  });
  return make("fieldset", { class: "segments" }, make("legend", { class: "unseen" }, "How to compare"), ...inputs);
}

function pairFields(route: At, { versions }: Sequence): HTMLElement {
  const options = versions.map(({ version, live }): [string, string] => [
    String(version),
    `Version ${version}${live ? ", live" : ""}`,
  ]);
  const pickers = route.versions.map((version, index) => {
    const picker = select(options, String(version), {
      "aria-label": index ? "Right version" : "Left version",
      id: `version-${index + 1}`,
    });
    picker.addEventListener("change", () => {
      const pair = [...route.versions] as [number, number];
      pair[index] = Number(picker.value);
      goTo(hashOf({ ...route, versions: pair }));
    });
    return picker;
  });
  return make("div", { class: "actions pair-fields" }, ...pickers);
}

function showMissing(page: HTMLElement, { configuration, versions }: At): void {
  page.replaceChildren(
    make("header", { class: "head" }, make("h1", { tabindex: -1 }, "There is nothing to compare")),
    panel(
      "A version is missing",
      {},
      make("p", {}, `Version ${versions.join(" or ")} does not exist.`),
      link("To the versions", configurationHash(configuration)),
    ),
  );
}
