// Loading: from an element's attributes to a manifest, and from that to frames on its screen.

import { choiceOf, hintsOf, srcOf, wishesOf } from "../element/attributes";
import { emit, type SpinState, type TierDetail } from "../element/events";
import { paintPlaceholder } from "../screen/paint";
import { SpinScreen } from "../screen/screen";
import { nearestDegree } from "../screen/turn";
import type { Choices, Format, Manifest, Selected } from "../wire";
import { askForSequence, configurationOf, withChoices } from "./choices";
import { type Course, gridOf, runCourse } from "./course";
import { bestFormat } from "./formats";
import { fetchFrame } from "./load";
import { type Choice, isForced, type Loaded, loadManifest } from "./manifest";
import { HttpError, type Net, netOf } from "./net";
import { PackCache } from "./pack-cache";
import { atMost, mayHaveHd } from "./policy";
import { measuredSpeed } from "./speed";
import { framesOf, planStages, type Stage, selectedOr } from "./stages";

const packs = new PackCache();

/** The middle layer of the element: knows nothing of hands. */
export abstract class SpinLoading extends SpinScreen {
  protected isNear = false;
  /** The next load asks past caches. */
  private isFresh = false;
  protected current = new AbortController();
  /** The manifest's answer, and the stage on whose degrees a switch finds its first frame. */
  private answer: Loaded | undefined;
  private fineGrid: Stage | undefined;
  /** What the server selected, before the browser took less. */
  private given: Selected | undefined;
  private askedAt = 0;
  private isQueued = false;
  private warming = new AbortController();

  protected abstract describe(): void;
  /** Spins by itself, if the page wants that. */
  protected abstract spin(): void;
  /** How many pixels wide the canvas is shown to who looks closely; 0 where nobody does. */
  protected abstract closePx(): number;

  /** The configuration that is shown, or will be. */
  get configuration(): string | undefined {
    return this.manifestNow?.configuration;
  }

  /** Attributes set together make one load. */
  protected queueLoad(): void {
    // What is on its way is stale from now on, not only from the next load on.
    this.drop();
    this.askedAt = performance.now();
    if (this.isQueued) return;
    this.isQueued = true;
    queueMicrotask(() => {
      this.isQueued = false;
      void this.loadNow();
    });
  }

  /** Ends the load under way; nothing of it shows any more. */
  private drop(): void {
    this.current.abort();
    this.coming = undefined;
    this.isWhole = false;
  }

  /** Asks for the manifest anew, past caches. What is loaded already stays and is used again. */
  reload(): Promise<void> {
    this.isFresh = true;
    return this.loadNow();
  }

  protected stopLoading(): void {
    this.warming.abort();
    this.current.abort();
  }

  private async loadNow(): Promise<void> {
    this.drop();
    if (!this.getAttribute("src") || !this.isNear) return;
    const src = srcOf(this);
    const cache = this.isFresh ? "no-cache" : "default";
    this.isFresh = false;
    this.current = new AbortController();
    const { signal } = this.current;
    const net = netOf(signal);
    this.parts.say("");
    this.setState("placeholder");
    try {
      const best = bestFormat();
      const choice = choiceOf(this, best);
      const wishes = wishesOf(this, this.manifestNow);
      const address = withChoices(src, wishes, this.manifestNow) ?? (await askForSequence(src, wishes, net));
      const kept = this.siblingAt(address) ? this.kept(choice) : choice;
      // The frame and the manifest that places it, side by side.
      const early = this.prefetch(address, net).catch(() => {});
      const from = await loadManifest(address, choice, best, net, cache, kept).catch(async (error) => {
        if (!(error instanceof HttpError) || error.status !== 404 || address === src) throw error;
        return loadManifest(await askForSequence(src, wishes, net), choice, best, net, cache);
      });
      await early;
      signal.throwIfAborted();
      const { manifest } = from;
      const given = selectedOr(manifest, choice, best);
      this.given = given;
      manifest.selected = isForced(src, choice) ? given : atMost(given, manifest, hintsOf(this, best));
      await this.follow(from, manifest.selected, net);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }

  /** Loads the one frame that would show if these choices were made now. */
  async warm(choices: Choices): Promise<void> {
    this.warming.abort();
    this.warming = new AbortController();
    const net = netOf(this.warming.signal);
    const address = withChoices(srcOf(this), { ...wishesOf(this, this.manifestNow), ...choices }, this.manifestNow);
    if (!address || !this.siblingAt(address)) return;
    const best = bestFormat();
    const choice = choiceOf(this, best);
    // What does not come now is asked for again when it is needed.
    await Promise.allSettled([
      this.prefetch(address, net),
      loadManifest(address, choice, best, net, "default", this.kept(choice)),
    ]);
  }

  /** Whoever looks closely gets hd, where the screen can show more and nothing speaks against it. */
  protected async enrich(): Promise<void> {
    const from = this.answer;
    const { manifest } = from ?? {};
    const closePx = this.closePx();
    if (!from || !manifest || !this.isWhole || !closePx) return;
    const { format } = manifest.selected!;
    const [hd] = planStages(manifest, { tier: "hd", frames: 0, format, because: [] }).slice(-1);
    if (hd?.tier !== "hd" || this.setsShown.includes(hd.rendition.set)) return;
    if (this.hasForced(format) || !mayHaveHd(manifest, hintsOf(this, format))) return;
    const { width } = this.parts.canvas;
    if (closePx <= width && hd.rendition.size[0] <= width) return;
    this.setsShown.push(hd.rendition.set);
    // What is shown stays, whether or not more comes.
    await this.runStages({ from, stages: [hd], grid: hd, isSwitch: false, net: netOf(this.current.signal) }).catch(
      () => {},
    );
  }

  /** Loads what a manifest selects, stage by stage. */
  private async follow(from: Loaded, selected: Selected, net: Net): Promise<void> {
    const { manifest } = from;
    const stages = planStages(manifest, selected);
    const [first, last, finest] = [stages[0], stages.at(-1), gridOf(stages)];
    if (!first || !last || !finest) throw new Error("the manifest holds no frames of the tier");
    const isSwitch = !!this.painted && this.shownId !== manifest.configuration;
    const grid = isSwitch ? finest : first;
    this.switchedAt = isSwitch ? this.askedAt : undefined;
    this.manifestNow = manifest;
    this.answer = from;
    this.fineGrid = finest;
    this.steps = last.degrees;
    this.turnedTo ??= manifest.hero;
    const { parts } = this;
    parts.proportion(...manifest.view.source);
    parts.stage.style.backgroundColor = manifest.ground;
    this.describe();
    emit(this, "manifest", manifest);
    // A picture that the page has brought is sharper.
    if (!this.painted && manifest.placeholder && !this.getAttribute("poster") && !this.querySelector("img")) {
      parts.place(manifest.view);
      paintPlaceholder(parts.canvas, manifest.placeholder, first.rendition.size);
    }
    this.coming = { manifest, grid, frames: framesOf(stages) };
    this.takeAim();
    this.revealIfThere();
    for (const stage of stages) this.tellProgress(stage);
    await this.runStages({ from, stages, grid, isSwitch, net });
    await this.enrich();
  }

  /** Loads stages; in the end only the last is shown. */
  private async runStages(course: Pick<Course, "from" | "stages" | "grid" | "isSwitch" | "net">): Promise<void> {
    const { stages, net } = course;
    let last = stages[0]!;
    this.isWhole = false;
    await runCourse({
      ...course,
      packs,
      angle: () => this.angle,
      sink: {
        has: (set, degree) => this.reel.has(set, degree),
        put: (stage, { degree, bytes }) => {
          if (net.signal.aborted) return;
          const { format, rendition } = stage;
          const [width, height] = rendition.size;
          this.visit.tally("bytes", bytes.length);
          this.reel.put({ set: rendition.set, degree, format, bytes, weight: 4 * width * height });
          this.tellProgress(stage);
        },
      },
      onStage: async (stage) => {
        await this.reel.settled();
        net.signal.throwIfAborted();
        this.reveal();
        this.setState(stage.tier as SpinState);
        const detail: TierDetail = { tier: stage.tier, frames: stage.frames, format: stage.format };
        if (stage === stages[0] && stage.tier !== "hd") emit(this, "ready", detail);
        emit(this, "tierchange", detail);
        this.visit.note("spin_ms");
        last = stage;
        return stage.tier !== "preview" || !this.isSlow(course.from.manifest, stage.format);
      },
    });
    this.settle(last);
    this.visit.note("full_ms");
    this.spin();
  }

  private tellProgress({ tier, degrees, rendition }: Stage): void {
    const all = [...degrees, ...rendition.packs.flatMap((pack) => pack.degrees)];
    const frames = [...new Set(all)].filter((degree) => this.reel.has(rendition.set, degree));
    emit(this, "progress", { tier, frames });
  }

  private hasForced(format: Format): boolean {
    return isForced(srcOf(this), choiceOf(this, format));
  }

  /** Whether the preview came so slowly that it has to do. The next spin's preview is measured anew. */
  private isSlow(manifest: Manifest, format: Format): boolean {
    const downlinkMbps = measuredSpeed();
    const { selected } = manifest;
    if (!selected || downlinkMbps === undefined || this.hasForced(format)) return false;
    const less = atMost(selected, manifest, { ...hintsOf(this, format), downlinkMbps });
    manifest.selected = less;
    return less.tier === "preview" || less.tier === "still";
  }

  /** What attributes force, or the class of the spin that is shown: a switch is no reason to choose anew. */
  private kept(choice: Choice): Choice {
    const { tier, frames } = this.given ?? {};
    return !tier || choice.tier || choice.frames ? choice : { ...choice, tier, frames: `${frames}` };
  }

  private siblingAt(address: string): { sets: Partial<Record<string, string>> } | undefined {
    const configuration = configurationOf(address);
    return this.manifestNow?.siblings?.find((sibling) => sibling.configuration === configuration);
  }

  /** Loads the frame at this angle of a spin whose set is known from its sibling. */
  private async prefetch(address: string, net: Net): Promise<void> {
    const { degrees, format } = this.fineGrid ?? {};
    const set = format && this.siblingAt(address)?.sets[format];
    const degree = degrees && nearestDegree(degrees, this.angle);
    if (set && degree !== undefined && this.answer)
      await fetchFrame(degree, set, format, { from: this.answer, packs, net }, 1);
  }
}
