// The element <girasol-spin>: attributes in, a spin out, told about by events.

import { bestFormat, decode, giveUpAvif, Undecodable } from "./formats";
import { placeHotspots } from "./hotspots";
import { type Hand, isMotionReduced, listenGestures } from "./gestures";
import { askForSequence, type Choices, choicesOf, configurationOf, NoSpin, optionsOf, withChoices } from "./choices";
import { type Course, gridOf, runCourse } from "./course";
import { fetchFrame, type Sink } from "./load";
import { type Choice, type Format, isForced, type Loaded, loadManifest, type Manifest, type Selected } from "./manifest";
import { type Holder, setMaxDecodedBytes, shareOf, takePart } from "./memory";
import { unwatchNearness, watchNearness } from "./nearness";
import { HttpError, type Net, sleep } from "./net";
import { PackCache } from "./pack-cache";
import { paintFrame, paintPlaceholder } from "./paint";
import { Pace } from "./pace";
import { atMost, type Hints, mayHaveHd, ownHints } from "./policy";
import { Reel } from "./reel";
import { framesOf, planStages, selectedOr, type Stage } from "./stages";
import { measuredSpeed } from "./speed";
import { nearestDegree, nextDegree, normalize } from "./turn";
import { buildView, type View } from "./view";
import { sendVitals, type Vitals } from "./vitals";
import { panBy, WHOLE, type Zoom, zoomBy } from "./zoom";

/** What `data-state` says: the fullest that can be turned, or `error`. */
export type SpinState = "placeholder" | "hero" | "still" | "preview" | "standard" | "hd" | "error";

/** Events of the element and their details. All bubble but `error`, as errors of the platform do not. */
export interface SpinEvents {
  manifest: CustomEvent<Manifest>;
  /** `frames`: the degrees that have arrived. */
  progress: CustomEvent<{ tier: string; frames: number[] }>;
  anglechange: CustomEvent<{ angle: number }>;
  /** The first tier is whole: the piece can be turned. */
  ready: CustomEvent<TierDetail>;
  /** A tier is whole. */
  tierchange: CustomEvent<TierDetail>;
  /** Another configuration is on the canvas, at the angle of the one before; `ms` after it was asked for. */
  switch: CustomEvent<{ configuration: string; choices: Choices; angle: number; ms: number }>;
  /** `nearest`: the configuration that has a spin, where the one that was chosen has none. */
  error: CustomEvent<{ message: string; status?: number; nearest?: unknown }>;
}

interface TierDetail {
  tier: string;
  frames: number;
  format: string;
}

const packs = new PackCache();

export class GirasolSpin extends HTMLElement {
  static readonly observedAttributes = ["src", "tier", "frames", "format", "alt", "width", "height", "poster"];

  #view: View;
  #hand: Hand;
  #reel = new Reel<ImageBitmap>({
    decode: ({ format, bytes }) => decode(format, bytes),
    onPicture: () => this.#onPicture(),
    onBroken: (error) => this.#onBroken(error),
  });
  #holder: Holder = { onShare: () => this.#aim() };
  #manifest: Manifest | undefined;
  /** The manifest's answer, and the stage on whose degrees a switch finds its first frame. */
  #from: Loaded | undefined;
  #grid: Stage | undefined;
  /** The configuration on the canvas. */
  #shown: string | undefined;
  /** When the configuration that comes next was asked for. */
  #switchedAt: number | undefined;
  #askedAt = 0;
  #warming = new AbortController();
  // Options have names of their own in each product, which no list of observed attributes can hold.
  #chosen = new MutationObserver((changes) => {
    const options = optionsOf(this.#src(), this.#manifest);
    const isChoice = ({ attributeName: name, oldValue }: MutationRecord) => options.includes(name!) && this.getAttribute(name!) !== oldValue;
    if (!changes.some(isChoice)) return;
    this.#queueLoad();
    this.#writeHash();
  });
  #abort = new AbortController();
  #loadSoon = false;
  #isNear = false;
  /** What was asked for is there. */
  #isWhole = false;
  /** The next load asks past caches. */
  #isFresh = false;
  /** Unknown until the first manifest tells its hero, unless the page has set one. */
  #angle: number | undefined;
  /** The sets that are painted from; those of the spin before until the new one has its first frame. */
  #sets: string[] = [];
  /** A spin of which nothing is shown yet. */
  #next: { manifest: Manifest; grid: Stage; frames: Map<string, Set<number>> } | undefined;
  /** Degrees of the selected tier, which the arrow keys step through. */
  #steps: number[] = [];
  #zoom = WHOLE;
  /** What the server selected, before the browser took less. */
  #given: Selected | undefined;
  #pace = new Pace();
  /** A hand or the page has turned it: it spins by itself no more. */
  #isTouched = false;
  #vitals: Vitals = { schema: "girasol.vitals/1" };
  #nearAt = 0;
  #writeSoon = 0;
  #spinning = 0;
  #painted: ImageBitmap | undefined;
  #displayed: number | undefined;
  #paintSoon = 0;
  /** The angle has changed since what was painted last. */
  #hasTurned = false;

  constructor() {
    super();
    this.#view = buildView(this, () => void this.reload());
    const hero = () => this.#manifest?.hero ?? 0;
    this.#hand = listenGestures(this.#view.stage, {
      turnBy: (degrees) => this.#isStill() || this.#setAngle(this.angle + degrees),
      step: (direction) => this.#isStill() || this.#setAngle(nextDegree(this.#steps, this.angle, direction)),
      home: () => this.#setAngle(hero()),
      end: () => this.#setAngle(nextDegree(this.#steps, hero(), -1)),
      // Without motion it rests on a frame, as it goes from frame to frame.
      rest: () => isMotionReduced() && this.#setAngle(nearestDegree(this.#steps, this.angle) ?? this.angle),
      zoomBy: (factor, x, y) => this.#setZoom(zoomBy(this.#zoom, factor, x, y)),
      panBy: (across, along) => this.#setZoom(panBy(this.#zoom, across, along)),
      toggleFullscreen: () => void this.toggleFullscreen(),
      leave: () => this.#leave(),
      ownsWheel: () => this.#isFull(),
      onTouch: () => (this.#isTouched = true),
    });
    this.addEventListener("fullscreenchange", () => this.#setFull(this.matches(":fullscreen")));
  }

  /** Where the piece is turned to, 0 up to 360. */
  get angle(): number {
    return this.#angle ?? 0;
  }

  /** How many decoded frames are held. */
  get loadedFrames(): number {
    return this.#reel.size;
  }

  /** The degree of the frame on the canvas; undefined while it is the placeholder. */
  get displayedDegree(): number | undefined {
    return this.#displayed;
  }

  /** How many bytes all spins of the page together may hold decoded. */
  static set maxDecodedBytes(bytes: number) {
    setMaxDecodedBytes(bytes);
  }

  /** Turns the piece to an angle at once. */
  spinTo(angle: number): void {
    this.#hand.stop();
    this.#isTouched = true;
    if (Number.isFinite(angle)) this.#setAngle(angle);
  }

  /** Fills the screen, or ends that. */
  async toggleFullscreen(): Promise<void> {
    const isFull = !this.#isFull();
    this.#setFull(isFull);
    // Phones that give the whole screen to videos only still have a page that can be filled.
    await (isFull ? this.requestFullscreen?.() : document.fullscreenElement && document.exitFullscreen())?.catch(() => {});
  }

  /** Asks for the manifest anew, past caches. What is loaded already stays and is used again. */
  reload(): Promise<void> {
    this.#isFresh = true;
    return this.#load();
  }

  /** The configuration that is shown, or will be. */
  get configuration(): string | undefined {
    return this.#manifest?.configuration;
  }

  /** Loads the one frame that would show if these choices were made now. */
  async warm(choices: Choices): Promise<void> {
    this.#warming.abort();
    this.#warming = new AbortController();
    const net = netOf(this.#warming.signal);
    const src = this.#src();
    const address = withChoices(src, { ...this.#wishes(src), ...choices }, this.#manifest);
    if (!address || !this.#siblingAt(address)) return;
    const best = bestFormat();
    // What does not come now is asked for again when it is needed.
    const choice = this.#choice(best);
    await Promise.allSettled([this.#prefetch(address, net), loadManifest(address, choice, best, net, "default", this.#kept(choice))]);
  }

  connectedCallback(): void {
    this.#describe();
    this.#proportion();
    if (this.hasAttribute("share")) this.#readHash();
    this.#chosen.observe(this, { attributes: true, attributeOldValue: true });
    watchNearness(this, (isNear) => this.#setNear(isNear));
  }

  disconnectedCallback(): void {
    unwatchNearness(this);
    this.#chosen.disconnect();
    this.#warming.abort();
    this.#setNear(false);
    this.#abort.abort();
    this.#hand.stop();
    cancelAnimationFrame(this.#paintSoon);
    this.#paintSoon = 0;
    this.#reel.retain(new Map());
    this.#isWhole = false;
    this.#painted = undefined;
    this.#setState("placeholder");
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "alt") this.#describe();
    else if (name === "width" || name === "height") this.#proportion();
    else if (name === "poster") this.#view.poster.src = after ?? "";
    else this.#queueLoad();
  }

  /** Near the viewport it loads; far from it, it stops, and holds nothing decoded. */
  #setNear(isNear: boolean): void {
    if (this.#isNear && !isNear) this.#report();
    this.#isNear = isNear;
    this.#nearAt = performance.now();
    takePart(this.#holder, isNear);
    if (this.#isWhole) return this.#spin();
    if (isNear) this.#queueLoad();
    else this.#abort.abort();
  }

  /** Attributes set together make one load. */
  #queueLoad(): void {
    // What is on its way is stale from now on, not only from the next load on.
    this.#drop();
    this.#askedAt = performance.now();
    if (this.#loadSoon) return;
    this.#loadSoon = true;
    queueMicrotask(() => {
      this.#loadSoon = false;
      void this.#load();
    });
  }

  /** Ends the load under way; nothing of it shows any more. */
  #drop(): void {
    this.#abort.abort();
    this.#next = undefined;
    this.#isWhole = false;
  }

  #src(): string {
    return new URL(this.getAttribute("src") ?? "", document.baseURI).href;
  }

  /** Choices that attributes make. */
  #wishes(src: string): Choices {
    const made = optionsOf(src, this.#manifest).map((option) => [option, this.getAttribute(option)] as const);
    return Object.fromEntries(made.filter((pair): pair is [string, string] => !!pair[1]));
  }

  /** What attributes force. */
  #choice(best: Format): Choice {
    const format = this.getAttribute("format");
    return { tier: this.getAttribute("tier"), frames: this.getAttribute("frames"), format: format === "avif" ? best : format };
  }

  /** The same, or the class of the spin that is shown: a switch is no reason to choose anew. */
  #kept(choice: Choice): Choice {
    const { tier, frames } = this.#given ?? {};
    return !tier || choice.tier || choice.frames ? choice : { ...choice, tier, frames: String(frames) };
  }

  /** What the browser knows: of itself, of what people want, and of the element. */
  #hints(format: Format): Hints {
    const own = ownHints(navigator, format);
    const saveData = own.saveData || matchMedia("(prefers-reduced-data: reduce)").matches;
    return { ...own, saveData, widthPx: this.clientWidth * devicePixelRatio };
  }

  #siblingAt(address: string): { sets: Partial<Record<string, string>> } | undefined {
    const configuration = configurationOf(address);
    return this.#manifest?.siblings?.find((sibling) => sibling.configuration === configuration);
  }

  /** Loads the frame at this angle of a spin whose set is known from its sibling. */
  async #prefetch(address: string, net: Net): Promise<void> {
    const { degrees, format } = this.#grid ?? {};
    const set = format && this.#siblingAt(address)?.sets[format];
    const degree = degrees && nearestDegree(degrees, this.angle);
    if (set && degree !== undefined && this.#from) await fetchFrame(degree, set, format, { from: this.#from, packs, net }, 1);
  }

  async #load(): Promise<void> {
    this.#drop();
    if (!this.getAttribute("src") || !this.#isNear) return;
    const src = this.#src();
    const cache = this.#isFresh ? "no-cache" : "default";
    this.#isFresh = false;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const net = netOf(signal);
    this.#view.say("");
    this.#setState("placeholder");
    try {
      const best = bestFormat();
      const choice = this.#choice(best);
      const wishes = this.#wishes(src);
      const address = withChoices(src, wishes, this.#manifest) ?? (await askForSequence(src, wishes, net));
      const kept = this.#siblingAt(address) ? this.#kept(choice) : choice;
      // The frame and the manifest that places it, side by side.
      const early = this.#prefetch(address, net).catch(() => {});
      const from = await loadManifest(address, choice, best, net, cache, kept).catch(async (error) => {
        if (!(error instanceof HttpError) || error.status !== 404 || address === src) throw error;
        return loadManifest(await askForSequence(src, wishes, net), choice, best, net, cache);
      });
      await early;
      signal.throwIfAborted();
      const { manifest } = from;
      const given = selectedOr(manifest, choice, best);
      this.#given = given;
      manifest.selected = isForced(src, choice) ? given : atMost(given, manifest, this.#hints(best));
      await this.#follow(from, manifest.selected, net);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Loads what a manifest selects, stage by stage. */
  async #follow(from: Loaded, selected: Selected, net: Net): Promise<void> {
    const { manifest } = from;
    const stages = planStages(manifest, selected);
    const [first, last] = [stages[0], stages.at(-1)];
    const finest = gridOf(stages);
    if (!first || !last || !finest) throw new Error("the manifest holds no frames of the tier");
    const isSwitch = !!this.#painted && this.#shown !== manifest.configuration;
    const grid = isSwitch ? finest : first;
    this.#switchedAt = isSwitch ? this.#askedAt : undefined;
    this.#manifest = manifest;
    this.#from = from;
    this.#grid = finest;
    this.#steps = last.degrees;
    this.#view.proportion(...manifest.view.source);
    this.#view.stage.style.backgroundColor = manifest.ground;
    this.#angle ??= manifest.hero;
    this.#describe();
    this.#emit("manifest", manifest);
    // A picture that the page has brought is sharper.
    if (!this.#painted && manifest.placeholder && !this.getAttribute("poster") && !this.querySelector("img")) {
      this.#view.place(manifest.view);
      paintPlaceholder(this.#view.canvas, manifest.placeholder, first.rendition.size);
    }

    this.#next = { manifest, grid, frames: framesOf(stages) };
    this.#aim();
    this.#revealIfThere();
    for (const stage of stages) this.#progress(stage);
    await this.#run({ from, stages, grid, isSwitch, net });
    await this.#enrich();
  }

  /** Loads stages; in the end only the last is shown. */
  async #run(course: Pick<Course, "from" | "stages" | "grid" | "isSwitch" | "net">): Promise<void> {
    const { stages, net } = course;
    let last = stages[0]!;
    this.#isWhole = false;
    const sink: Sink = {
      has: (set, degree) => this.#reel.has(set, degree),
      put: (stage, { degree, bytes }) => {
        if (net.signal.aborted) return;
        const { format, rendition } = stage;
        const [width, height] = rendition.size;
        this.#count("bytes", bytes.length);
        this.#reel.put({ set: rendition.set, degree, format, bytes, weight: 4 * width * height });
        this.#progress(stage);
      },
    };
    const onStage = async (stage: Stage) => {
      await this.#reel.settled();
      net.signal.throwIfAborted();
      this.#reveal();
      this.#setState(stage.tier as SpinState);
      const detail = { tier: stage.tier, frames: stage.frames, format: stage.format };
      if (stage === stages[0] && stage.tier !== "hd") this.#emit("ready", detail);
      this.#emit("tierchange", detail);
      this.#mark("spin_ms");
      last = stage;
      return stage.tier !== "preview" || !this.#isSlow(course.from.manifest, stage.format);
    };
    await runCourse({ ...course, sink, packs, angle: () => this.angle, onStage });
    // The frames of coarser sets have done their work.
    this.#steps = last.degrees;
    this.#sets = [last.rendition.set];
    this.#reel.retain(framesOf([last]));
    this.#isWhole = true;
    this.#mark("full_ms");
    this.#queuePaint();
    this.#spin();
  }

  /** Spins by itself, if the page wants that, until it is touched. */
  #spin(): void {
    const seconds = Number(this.getAttribute("autospin") || 12);
    let last = performance.now();
    const tick = (now: number) => {
      if (this.#isTouched || !this.#isWhole || !this.#isNear || !this.hasAttribute("autospin")) return;
      this.#setAngle(this.angle + (360 / 1000 / seconds) * (now - last));
      last = now;
      this.#spinning = requestAnimationFrame(tick);
    };
    cancelAnimationFrame(this.#spinning);
    if (!isMotionReduced() && !this.#isStill()) this.#spinning = requestAnimationFrame(tick);
  }

  #count(what: "bytes" | "errors" | "switches", by: number): void {
    this.#vitals[what] = (this.#vitals[what] ?? 0) + by;
  }

  #mark(what: "frame_ms" | "spin_ms" | "full_ms"): void {
    this.#vitals[what] ??= performance.now() - this.#nearAt;
  }

  /** Tells the shop's server how it went, once for each time that it was looked at. */
  #report(): void {
    const { turned, wanted } = this.#pace;
    const { configuration, selected } = this.#manifest ?? {};
    const vitals = { ...this.#vitals, ...(turned && { turned, wanted }), configuration, tier: selected?.tier };
    // What artists look at in the studio has no address of a sequence, and is nobody's visit.
    if (configurationOf(this.#src()) && this.getAttribute("vitals") !== "off" && Object.keys(vitals).length > 3) sendVitals(this.#src(), vitals);
    this.#vitals = { schema: vitals.schema };
    this.#pace.turned = this.#pace.wanted = 0;
  }

  /** What an address shares: `#angle=120&metal=rose-gold`. */
  #readHash(): void {
    const shared = new URLSearchParams(location.hash.slice(1));
    for (const option of optionsOf(this.#src(), undefined)) if (shared.has(option)) this.setAttribute(option, shared.get(option)!);
    if (shared.has("angle")) this.spinTo(Number(shared.get("angle")));
  }

  /** Browsers limit how often an address may change: once the hand rests. */
  #writeHash(): void {
    clearTimeout(this.#writeSoon);
    if (!this.hasAttribute("share")) return;
    this.#writeSoon = window.setTimeout(() => {
      const shared = new URLSearchParams(location.hash.slice(1));
      const state = { ...this.#wishes(this.#src()), angle: `${Math.round(this.angle) % 360}` };
      for (const [name, value] of Object.entries(state)) shared.set(name, value);
      history.replaceState(history.state, "", `#${shared}`);
    }, 250);
  }

  /** Whether the preview came so slowly that it has to do. The next spin's preview is measured anew. */
  #isSlow(manifest: Manifest, format: Format): boolean {
    const downlinkMbps = measuredSpeed();
    const { selected } = manifest;
    if (!selected || downlinkMbps === undefined || isForced(this.#src(), this.#choice(format))) return false;
    const less = atMost(selected, manifest, { ...this.#hints(format), downlinkMbps });
    manifest.selected = less;
    return less.tier === "preview" || less.tier === "still";
  }

  /** Whoever looks closely gets hd, where the screen can show more and nothing speaks against it. */
  async #enrich(): Promise<void> {
    const from = this.#from;
    const { manifest } = from ?? {};
    if (!from || !manifest || !this.#isWhole || (this.#zoom.scale === 1 && !this.#isFull())) return;
    const src = this.#src();
    const format = manifest.selected!.format;
    const [hd] = planStages(manifest, { tier: "hd", frames: 0, format, because: [] }).slice(-1);
    if (!hd || hd.tier !== "hd" || this.#sets.includes(hd.rendition.set)) return;
    if (isForced(src, this.#choice(format)) || !mayHaveHd(manifest, this.#hints(format))) return;
    const shown = this.#view.canvas.clientWidth * this.#zoom.scale * devicePixelRatio;
    if (shown <= this.#view.canvas.width && hd.rendition.size[0] <= this.#view.canvas.width) return;
    this.#sets.push(hd.rendition.set);
    await this.#run({ from, stages: [hd], grid: hd, isSwitch: false, net: netOf(this.#abort.signal) });
  }

  /**
   * Nothing of a new spin shows until it has the angle that is wanted: a piece that stands at 120 degrees must not
   * jump to the hero and back because its metal changed.
   */
  #revealIfThere(): void {
    const { grid } = this.#next ?? {};
    const wanted = grid && nearestDegree(grid.degrees, this.angle);
    if (wanted !== undefined && this.#reel.isDecoded(grid!.rendition.set, wanted)) this.#reveal();
  }

  #reveal(): void {
    if (!this.#next) return;
    const { frames, manifest } = this.#next;
    this.#next = undefined;
    this.#sets = [...frames.keys()];
    this.#reel.retain(frames);
    if (this.#switchedAt !== undefined) this.#view.fade();
    this.#view.place(manifest.view);
    this.#shown = manifest.configuration;
    this.#setState("hero");
    this.#queuePaint();
  }

  #onPicture(): void {
    this.#revealIfThere();
    this.#queuePaint();
  }

  #onBroken(error: unknown): void {
    if (error instanceof Undecodable && error.format === "avif") {
      giveUpAvif();
      this.#reel.retain(new Map());
      this.#queueLoad();
    } else if (!this.#painted) this.#fail(error);
  }

  /** What is decoded follows what may be shown next. */
  #aim(): void {
    const sets = [...new Set([...this.#sets, ...(this.#next?.frames.keys() ?? [])])];
    this.#reel.aim({ angle: this.angle, sets, degrees: this.#degrees(), maxBytes: shareOf(this.#holder) });
  }

  /** The degrees that are shown, where frames came late and fewer have to do. */
  #degrees(): Set<number> | undefined {
    const { stride } = this.#pace;
    return stride > 1 && this.#isWhole ? new Set(this.#steps.filter((_, index) => index % stride === 0)) : undefined;
  }

  #progress(stage: Stage): void {
    const all = [...stage.degrees, ...stage.rendition.packs.flatMap(({ degrees }) => degrees)];
    const frames = [...new Set(all)].filter((degree) => this.#reel.has(stage.rendition.set, degree));
    this.#emit("progress", { tier: stage.tier, frames });
  }

  #fail(error: unknown): void {
    const status = error instanceof HttpError ? error.status : undefined;
    const gone = status === 404 || status === 410;
    this.#setState("error");
    this.#count("errors", 1);
    this.#view.say(gone ? "There is no 360° view of this piece yet." : "The 360° view could not be loaded.");
    const nearest = error instanceof NoSpin && { nearest: error.nearest };
    const detail = { message: `${error}`, ...(status && { status }), ...nearest };
    this.dispatchEvent(new CustomEvent("error", { detail }));
  }

  #setAngle(angle: number): void {
    const turned = normalize(angle);
    if (turned === this.#angle) return;
    this.#angle = turned;
    this.#hasTurned = true;
    this.#describe();
    this.#queuePaint();
    this.#writeHash();
    this.#emit("anglechange", { angle: turned });
  }

  #proportion(): void {
    this.#view.proportion(Number(this.getAttribute("width")), Number(this.getAttribute("height")));
  }

  #setZoom(zoom: Zoom): void {
    this.#zoom = zoom;
    this.#view.zoom(zoom);
    this.#look();
  }

  #isFull(): boolean {
    return this.hasAttribute("data-full");
  }

  #setFull(isFull: boolean): void {
    this.toggleAttribute("data-full", isFull);
    if (!isFull) this.#setZoom(WHOLE);
    this.#look();
  }

  #look(): void {
    // What is shown stays, whether or not more comes.
    this.#enrich().catch(() => {});
  }

  #leave(): boolean {
    if (this.#zoom.scale > 1) this.#setZoom(WHOLE);
    else if (this.#isFull()) void this.toggleFullscreen();
    else return false;
    return true;
  }

  #isStill(): boolean {
    return this.#steps.length === 1;
  }

  #setState(state: SpinState): void {
    this.dataset["state"] = state;
  }

  /** Frames arrive and angles change faster than a screen shows them: one painting for each refresh. */
  #queuePaint(): void {
    this.#paintSoon ||= requestAnimationFrame(() => {
      this.#paintSoon = 0;
      this.#aim();
      placeHotspots(this, this.angle);
      const nearest = this.#reel.nearest({ angle: this.angle, sets: this.#sets, degrees: this.#degrees() });
      if (this.#hasTurned && nearest) this.#notePace(nearest.degree);
      if (!nearest || nearest.picture === this.#painted) return;
      paintFrame(this.#view.canvas, nearest.picture);
      this.#painted = nearest.picture;
      this.#displayed = nearest.degree;
      this.#view.hidePoster();
      this.#mark("frame_ms");
      if (this.#switchedAt === undefined || !this.#shown || this.#next) return;
      const ms = performance.now() - this.#switchedAt;
      this.#switchedAt = undefined;
      this.#count("switches", 1);
      this.#vitals.switch_ms = Math.max(this.#vitals.switch_ms ?? 0, ms);
      this.#emit("switch", { configuration: this.#shown, choices: choicesOf(this.#shown), angle: this.angle, ms });
    });
  }

  #notePace(degree: number): void {
    this.#hasTurned = false;
    const degrees = [...(this.#degrees() ?? this.#steps)];
    if (!this.#isWhole || !this.#pace.note(degree === nearestDegree(degrees, this.angle))) return;
    const { tier, format } = this.#manifest!.selected!;
    this.#emit("tierchange", { tier, frames: Math.ceil(this.#steps.length / this.#pace.stride), format });
    this.#queuePaint();
  }

  /** Role, name and value for assistive technology. They stand on the stage, so that the retry button is beside it. */
  #describe(): void {
    const { stage } = this.#view;
    const degrees = Math.round(this.angle) % 360;
    const slides = (value: string) => (this.#isStill() ? null : value);
    Object.assign(stage, {
      role: slides("slider") ?? "img",
      ariaLabel: this.getAttribute("alt") ?? "360° view",
      ariaValueMin: slides("0"),
      ariaValueMax: slides("359"),
      ariaValueNow: slides(`${degrees}`),
      ariaValueText: slides(`${degrees} degrees`),
    });
  }

  #emit<K extends Exclude<keyof SpinEvents, "error">>(name: K, detail: SpinEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

const netOf = (signal: AbortSignal): Net => ({ fetch: (url, init) => fetch(url, init), sleep, signal });

declare global {
  interface HTMLElementTagNameMap {
    "girasol-spin": GirasolSpin;
  }
}
