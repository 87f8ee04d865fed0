// The element <girasol-spin>: attributes in, a spin out, told about by events.

import { NoSpin, optionsOf } from "../loader/choices";
import { SpinLoading } from "../loader/loading";
import { HttpError } from "../loader/net";
import { makeHotspots } from "../screen/hotspots";
import { setMaxDecodedBytes, takePart } from "../screen/memory";
import { nearestDegree, nextDegree, normalize } from "../screen/turn";
import { panBy, WHOLE, type Zoom, zoomBy } from "../screen/zoom";
import type { Hotspot } from "../wire";
import { readShared, srcOf, writeShared } from "./attributes";
import { emit } from "./events";
import { type Hand, isMotionReduced, listenGestures } from "./gestures";
import { unwatchNearness, watchNearness } from "./nearness";

export type { SpinEvents, SpinState } from "./events";

export class GirasolSpin extends SpinLoading {
  static readonly observedAttributes = "src tier frames format alt width height poster".split(" ");

  #hand: Hand;
  // Options have names of their own in each product, which no list of observed attributes can hold.
  #chosen = new MutationObserver((changes) => {
    const options = optionsOf(srcOf(this), this.manifestNow);
    const isChoice = ({ attributeName: name, oldValue }: MutationRecord) =>
      options.includes(name!) && this.getAttribute(name!) !== oldValue;
    if (!changes.some(isChoice)) return;
    this.queueLoad();
    this.#share();
  });
  #zoom = WHOLE;
  /** A hand or the page has turned it: it spins by itself no more. */
  #isTouched = false;
  #sharing = 0;
  #spinning = 0;

  constructor() {
    super();
    const steps = () => this.steps;
    const hero = () => this.manifestNow?.hero ?? 0;
    this.#hand = listenGestures(this.parts.stage, {
      turnBy: (degrees) => this.#isStill() || this.#setAngle(this.angle + degrees),
      step: (direction) => this.#isStill() || this.#setAngle(nextDegree(steps(), this.angle, direction)),
      home: () => this.#setAngle(hero()),
      end: () => this.#setAngle(nextDegree(steps(), hero(), -1)),
      // Without motion it rests on a frame, as it goes from frame to frame.
      rest: () => isMotionReduced() && this.#setAngle(nearestDegree(steps(), this.angle) ?? this.angle),
      zoomBy: (factor, x, y) => this.#setZoom(zoomBy(this.#zoom, factor, x, y)),
      panBy: (across, along) => this.#setZoom(panBy(this.#zoom, across, along)),
      toggleFullscreen: () => void this.toggleFullscreen(),
      leave: () => this.#leave(),
      ownsWheel: () => this.#isFull(),
      onTouch: () => (this.#isTouched = true),
    });
    this.addEventListener("fullscreenchange", () => this.#setFull(this.matches(":fullscreen")));
  }

  /** How many bytes all spins of the page together may hold decoded. */
  static set maxDecodedBytes(bytes: number) {
    setMaxDecodedBytes(bytes);
  }

  /** Makes a link or a button of each, and keeps it on its place; what a product's answer has. */
  set hotspots(hotspots: Hotspot[]) {
    makeHotspots(this, hotspots);
    this.repaint();
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
    await (isFull ? this.requestFullscreen?.() : document.fullscreenElement && document.exitFullscreen())?.catch(
      () => {},
    );
  }

  connectedCallback(): void {
    this.describe();
    this.#proportion();
    const angle = this.hasAttribute("share") && readShared(this);
    if (angle) this.spinTo(+angle);
    this.#chosen.observe(this, { attributes: true, attributeOldValue: true });
    watchNearness(this, (isNear) => this.#setNear(isNear));
  }

  disconnectedCallback(): void {
    unwatchNearness(this);
    this.#chosen.disconnect();
    this.#setNear(false);
    this.stopLoading();
    this.#hand.stop();
    this.letGo();
    this.setState("placeholder");
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "alt") this.describe();
    else if (name === "width" || name === "height") this.#proportion();
    else if (name === "poster") this.parts.poster.src = after ?? "";
    else this.queueLoad();
  }

  /** Near the viewport it loads; far from it, it stops, and holds nothing decoded. */
  #setNear(isNear: boolean): void {
    if (this.isNear && !isNear) this.visit.tell(this, srcOf(this), this.manifestNow, this.pace);
    this.isNear = isNear;
    this.visit.arrive();
    takePart(this.holder, isNear);
    if (this.isWhole) this.spin();
    else if (isNear) this.queueLoad();
    else this.current.abort();
  }

  /** Spins by itself, if the page wants that, until it is touched. */
  protected spin(): void {
    const seconds = +(this.getAttribute("autospin") || 12);
    let last = performance.now();
    const tick = (now: number) => {
      if (this.#isTouched || !this.isWhole || !this.isNear || !this.hasAttribute("autospin")) return;
      this.#setAngle(this.angle + (360 / 1000 / seconds) * (now - last));
      last = now;
      this.#spinning = requestAnimationFrame(tick);
    };
    cancelAnimationFrame(this.#spinning);
    if (!isMotionReduced() && !this.#isStill()) this.#spinning = requestAnimationFrame(tick);
  }

  /** Browsers limit how often an address may change: once the hand rests. */
  #share(): void {
    clearTimeout(this.#sharing);
    if (this.hasAttribute("share"))
      this.#sharing = window.setTimeout(() => writeShared(this, this.manifestNow, this.angle), 250);
  }

  protected fail(error: unknown): void {
    const status = error instanceof HttpError ? error.status : undefined;
    const gone = status === 404 || status === 410;
    this.setState("error");
    this.visit.tally("errors");
    this.parts.say(gone ? "There is no 360° view of this piece yet." : "The 360° view could not be loaded.");
    const nearest = error instanceof NoSpin && { nearest: error.nearest };
    emit(this, "error", { message: `${error}`, ...(status && { status }), ...nearest });
  }

  #setAngle(angle: number): void {
    const turned = normalize(angle);
    if (turned === this.turnedTo) return;
    this.turnedTo = turned;
    this.hasTurned = true;
    this.repaint();
    this.describe();
    this.#share();
    emit(this, "anglechange", { angle: turned });
  }

  #proportion(): void {
    this.parts.proportion(Number(this.getAttribute("width")), Number(this.getAttribute("height")));
  }

  #setZoom(zoom: Zoom): void {
    this.#zoom = zoom;
    this.parts.zoom(zoom);
    void this.enrich();
  }

  #isFull(): boolean {
    return this.hasAttribute("data-full");
  }

  #setFull(isFull: boolean): void {
    this.toggleAttribute("data-full", isFull);
    if (!isFull) this.#setZoom(WHOLE);
    void this.enrich();
  }

  protected closePx(): number {
    const { scale } = this.#zoom;
    return scale > 1 || this.#isFull() ? this.parts.canvas.clientWidth * scale * devicePixelRatio : 0;
  }

  #leave(): boolean {
    if (this.#zoom.scale > 1) this.#setZoom(WHOLE);
    else if (this.#isFull()) void this.toggleFullscreen();
    else return false;
    return true;
  }

  #isStill(): boolean {
    return this.steps.length === 1;
  }

  /** Role, name and value for assistive technology. They stand on the stage, so that the retry button is beside it. */
  protected describe(): void {
    const { stage } = this.parts;
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
}

declare global {
  interface HTMLElementTagNameMap {
    "girasol-spin": GirasolSpin;
  }
}
