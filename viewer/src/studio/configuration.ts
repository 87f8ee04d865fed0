// A configuration: its versions, the spin of one of them at every tier and format, and what visitors see.

import type { FrameFigure, LoupeStanding, Polish, Sequence, Version, VersionDetail } from "../api";
import type { GirasolSpin, SpinEvents } from "../element/element";
import { byId, count, make } from "../page";
import type { Format, Manifest } from "../wire";
import { announce } from "./announce";
import { sequences } from "./api";
import { turnOnce } from "./arrival";
import { loupePanel } from "./loupe";
import { loadManifest } from "./manifests";
import { startSet } from "./new-set";
import { type Plots, plotFrames } from "./plots";
import { polishPanel } from "./polish";
import { askForPreviewLink } from "./preview-link";
import { applyView, nameOf, renditionTable, viewFields, viewFor } from "./renditions";
import { goTo, hashOf, NO_VIEW, noteRoute, type Route, type View } from "./routes";
import { snippetPanel } from "./snippet";
import { beforeOf, whyNotPublished } from "./versions";
import { ask, badge, button, link, panel } from "./widgets";
import { agoOf, choicesOf, dateOf, pieceInWords } from "./words";

/** The last angle of each piece: its other versions are shown from the same side. */
const angles = new Map<string, number>();

type At = Extract<Route, { at: "configuration" }>;

export async function showConfiguration(page: HTMLElement, route: At, signal: AbortSignal): Promise<void> {
  const sequence = await sequences.show(route.configuration);
  const chosen = sequence.versions.find(({ version }) => version === route.version) ?? sequence.versions[0];
  if (!chosen) return showNothing(page, sequence);
  const [manifest, polish, loupe, detail] = await Promise.all([
    loadManifest(chosen.manifest),
    loadPolish(sequence.configuration),
    loadLoupe(sequence.configuration),
    // A version without facts about each frame is shown all the same.
    sequences.version(sequence.configuration, chosen.version).catch((): VersionDetail | undefined => undefined),
  ]);
  if (!signal.aborted) show(page, route, sequence, chosen, { manifest, polish, loupe, detail }, signal);
}

/** The page does without it where the server cannot say. */
function loadPolish(configuration: string): Promise<Polish | undefined> {
  return sequences.polish(configuration).catch(() => undefined);
}

function loadLoupe(configuration: string): Promise<LoupeStanding | undefined> {
  return sequences.loupe(configuration).catch(() => undefined);
}

/** What is known besides the list of versions. */
interface Known {
  manifest: Manifest;
  polish: Polish | undefined;
  loupe: LoupeStanding | undefined;
  detail: VersionDetail | undefined;
}

function show(
  page: HTMLElement,
  route: At,
  sequence: Sequence,
  chosen: Version,
  { manifest, polish, loupe, detail }: Known,
  signal: AbortSignal,
): void {
  const { configuration } = sequence;
  const { product, choices } = choicesOf(configuration);
  const piece = pieceInWords(product, choices);
  let view: View = viewFor(route.view, manifest);

  const spin = make("girasol-spin", {
    id: "spin",
    src: chosen.manifest,
    width: 1,
    height: 1,
    alt: `${piece}, version ${chosen.version}. Turn with the arrow keys.`,
  }) as GirasolSpin;
  const angle = make("span", { class: "angle", id: "angle" }, "0°");
  const shown = make("p", { class: "quiet small", id: "shown" });
  const frames = make("div", {});
  const table = make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Tiers" });
  const live = make("p", { class: "quiet", id: "live", tabindex: -1 });
  const actions = make("div", { class: "actions" });
  const list = panel("Versions", { id: "versions" });
  const onPage = make("div", { class: "bare" });
  const polished = make("div", { class: "bare" });
  const closer = make("div", { class: "bare" });
  let plots: Plots | undefined;
  let drawn = new AbortController();

  const drawView = () => {
    applyView(spin, view);
    drawn.abort();
    drawn = new AbortController();
    plots = detail && plotsOf(detail, manifest, view, (degree) => spin.spinTo(degree), drawn.signal);
    frames.replaceChildren(
      plots?.element ??
        make("p", { class: "quiet" }, "The server has no data about the single frames of this version."),
    );
    plots?.mark(spin.angle);
    table.replaceChildren(renditionTable(manifest, view));
  };
  const drawPolish = (fresh: Polish | undefined) => polished.replaceChildren(...(fresh ? [polishPanel(fresh)] : []));
  const drawLoupe = (fresh: LoupeStanding | undefined) => closer.replaceChildren(...(fresh ? [loupePanel(fresh)] : []));
  const drawState = (fresh: Sequence) => {
    const now = fresh.versions.find(({ version }) => version === chosen.version) ?? chosen;
    const to = fresh.protected ? ", protected: only signed addresses show it" : "";
    const words = fresh.live == null ? `Nothing is live${to}.` : `Version ${fresh.live} is live${to}.`;
    const why = now.live ? undefined : whyNotPublished(fresh, now);
    live.replaceChildren(
      make("code", {}, configuration),
      ` ${words}${why ? ` Version ${now.version} cannot be: ${why.charAt(0).toLowerCase()}${why.slice(1)}` : ""}`,
    );
    actions.replaceChildren(
      ...actionsOf(fresh, now, piece, (changed) => {
        drawState(changed);
        void loadPolish(configuration).then(drawPolish);
        void loadLoupe(configuration).then(drawLoupe);
      }),
    );
    list.replaceChildren(list.firstElementChild!, versionList(fresh, now, view));
    onPage.replaceChildren(...[snippetPanel(fresh)].filter((one) => one !== undefined));
    list.append(button("New frames for it", () => startSet(product, choices), { class: "plain", id: "new-frames" }));
  };

  spin.addEventListener("anglechange", () => {
    angles.set(configuration, spin.angle);
    angle.textContent = `${Math.round(spin.angle) % 360}°`;
    plots?.mark(spin.angle);
  });
  spin.addEventListener("tierchange", (event) => {
    const { tier, frames: number, format } = (event as Event as SpinEvents["tierchange"]).detail;
    const instead = format !== view.format ? ` This browser cannot decode ${nameOf(view.format as Format)}.` : "";
    shown.textContent = `${tier}, ${count(number, "frame")}, ${nameOf(format as Format)}.${instead}`;
  });
  signal.addEventListener("abort", () => drawn.abort());

  page.replaceChildren(
    make(
      "header",
      { class: "head" },
      make(
        "div",
        {},
        make("p", { class: "crumbs" }, link("Products", "#/products"), ` / Version ${chosen.version}`),
        make("h1", { tabindex: -1 }, piece),
        live,
      ),
      actions,
    ),
    make(
      "div",
      { class: "columns wide-left" },
      make(
        "div",
        { class: "column" },
        make(
          "section",
          { class: "piece", "aria-label": "The spin" },
          make("div", { class: "ground" }, spin),
          make("p", { class: "under" }, shown, angle),
          viewFields(manifest, view, (wished) => {
            view = viewFor(wished, manifest);
            noteRoute({ ...route, version: chosen.version, view });
            drawView();
          }),
        ),
        panel("Frame by frame", { id: "frame-facts" }, frames),
      ),
      make(
        "div",
        { class: "column" },
        onPage,
        list,
        polished,
        closer,
        panel("Tiers and formats", { id: "tiers" }, table),
      ),
    ),
  );
  drawState(sequence);
  drawPolish(polish);
  drawLoupe(loupe);
  drawView();
  void customElements.whenDefined("girasol-spin").then(() => {
    const before = angles.get(configuration);
    if (before !== undefined) spin.spinTo(before);
    turnOnce(spin, configuration, chosen.version, signal);
  });
}

/** Facts about the frames that a view shows. */
function plotsOf(
  detail: VersionDetail,
  manifest: Manifest,
  { tier, format }: View,
  onPick: (degree: number) => void,
  signal: AbortSignal,
): Plots | undefined {
  const set = detail.sets.find((one) => one.format === format && (one.tiers as string[]).includes(tier));
  const degrees = new Set(manifest.tiers[tier]?.degrees);
  const frames = (set?.frames ?? [])
    .filter(({ degree }) => degrees.has(degree))
    .sort((one, other) => one.degree - other.degree);
  return frames.length ? plotFrames(frames satisfies FrameFigure[], onPick, signal) : undefined;
}

function actionsOf(
  sequence: Sequence,
  chosen: Version,
  piece: string,
  onChange: (fresh: Sequence) => void,
): HTMLElement[] {
  const { configuration, live } = sequence;
  const { version } = chosen;
  const before = beforeOf(sequence);
  const why = whyNotPublished(sequence, chosen);

  const changed = (fresh: Sequence) => {
    onChange(fresh);
    announce(`Version ${fresh.live} is live.`);
    // The page was drawn anew, with another button.
    byId("live").focus();
  };
  const publish = async () => {
    changed(await sequences.publish(configuration, version));
  };
  const rollBack = async () => {
    if (!before) return;
    const now = live == null ? "Nothing is live now." : `Version ${live} is live now.`;
    const body = [make("p", {}, `${now} Version ${before.version} of ${dateOf(before.created)} becomes live.`)];
    if (!(await ask({ title: `Go back to version ${before.version}?`, body, confirm: "Roll back" }))) return;
    changed(await sequences.rollBack(configuration));
  };
  const takeDown = async () => {
    const body = [
      make("p", {}, `Every version of ${piece} and its raw frames are deleted for good. Visitors get 410 Gone.`),
      make("p", { class: "quiet" }, "To show an earlier version instead, roll back."),
    ];
    if (!(await ask({ title: "Take it down?", body, confirm: "Take it down", danger: true, word: configuration })))
      return;
    await sequences.takeDown(configuration);
    announce(`${piece} is taken down.`);
    goTo("#/products");
  };

  const isLive = version === live;
  return [
    button(isLive ? `Version ${version} is live` : `Publish version ${version}`, publish, {
      id: "publish",
      disabled: !!why,
      title: why,
    }),
    button("Roll back", rollBack, {
      id: "rollback",
      class: "plain",
      disabled: !before,
      title: before ? undefined : "No earlier version was live.",
    }),
    button("Preview link", () => askForPreviewLink(configuration, version), { id: "preview-link", class: "plain" }),
    button("Take down", takeDown, { id: "take-down", class: "plain danger-text" }),
  ];
}

function versionList({ configuration, versions }: Sequence, chosen: Version, view: View): HTMLElement {
  const rows = versions.map((version) => {
    const isChosen = version.version === chosen.version;
    const marks = [
      ...(version.live ? [badge("live", "live")] : []),
      ...(version.kind === "early" ? [badge("preview only", "quiet-badge")] : []),
      ...(version.polishedFrom ? [badge(`polished from ${version.polishedFrom}`, "quiet-badge")] : []),
    ];
    const name = `Version ${version.version}`;
    const address = hashOf({ at: "configuration", configuration, version: version.version, view });
    const title = link(name, address, isChosen ? { "aria-current": "true" } : {});
    const when = make(
      "span",
      { class: "quiet small" },
      make("time", { title: dateOf(version.created) }, `made ${agoOf(version.created)}`),
    );
    if (version.published)
      when.append(", ", make("time", { title: dateOf(version.published) }, `published ${agoOf(version.published)}`));
    const pair: [number, number] =
      version.version < chosen.version ? [version.version, chosen.version] : [chosen.version, version.version];
    const compare = link("Compare", hashOf({ at: "compare", configuration, versions: pair, view: NO_VIEW }), {
      class: "small",
      "aria-label": `Compare version ${version.version} with version ${chosen.version}`,
    });
    return make(
      "li",
      { class: isChosen ? "chosen" : "", "data-version": version.version, "data-live": version.live },
      make("p", {}, title, " ", ...marks),
      when,
      ...(isChosen ? [] : [compare]),
    );
  });
  return make("ol", { class: "versions", id: "version-list" }, ...rows);
}

/** The configuration has no version that can be shown. */
function showNothing(page: HTMLElement, { configuration, takenDown }: Sequence): void {
  const { product, choices } = choicesOf(configuration);
  const why = takenDown ? "It was taken down, with every version." : "Nothing has been encoded yet.";
  page.replaceChildren(
    make(
      "header",
      { class: "head" },
      make(
        "div",
        {},
        make("p", { class: "crumbs" }, link("Products", "#/products")),
        make("h1", { tabindex: -1 }, pieceInWords(product, choices)),
      ),
    ),
    panel(
      "There is no version to show",
      {},
      make("p", {}, why),
      button("New frames for it", () => startSet(product, choices), { id: "new-frames" }),
    ),
  );
}
