// The screen: which frame stands on the canvas, of those that are there, at the angle to which the piece is turned.

import { emit, type SpinState } from "../element/events";
import { Visit } from "../element/visit";
import { choicesOf } from "../loader/choices";
import { decode, giveUpAvif, Undecodable } from "../loader/formats";
import { framesOf, type Stage } from "../loader/stages";
import type { Manifest } from "../wire";
import { placeHotspots } from "./hotspots";
import { type Holder, shareOf } from "./memory";
import { Pace } from "./pace";
import { paint } from "./paint";
import { Reel } from "./reel";
import { nearestDegree } from "./turn";
import { buildView, type View } from "./view";

/** The lowest layer of the element: knows nothing of where frames come from. */
export abstract class SpinScreen extends HTMLElement {
  protected parts: View = buildView(this, () => void this.reload());
  protected visit = new Visit();
  protected reel = new Reel<ImageBitmap>({
    decode: ({ format, bytes }) => decode(format, bytes),
    onPicture: () => {
      this.revealIfThere();
      this.repaint();
    },
    onBroken: (error) => {
      if (error instanceof Undecodable && error.format === "avif") {
        giveUpAvif();
        this.reel.retain(new Map());
        this.queueLoad();
      } else if (!this.painted) this.fail(error);
    },
  });
  protected holder: Holder = { onShare: () => this.takeAim() };
  protected pace = new Pace();
  /** What was negotiated last. */
  protected manifestNow: Manifest | undefined;
  /** Unknown until the first manifest tells its hero, unless the page has set one. */
  protected turnedTo: number | undefined;
  /** Degrees of the selected tier, which the arrow keys step through. */
  protected steps: number[] = [];
  /** The sets that are painted from; those of the spin before until the new one has its first frame. */
  protected setsShown: string[] = [];
  /** A spin of which nothing is shown yet. */
  protected coming: { manifest: Manifest; grid: Stage; frames: Map<string, Set<number>> } | undefined;
  /** What was asked for is there. */
  protected isWhole = false;
  /** The configuration on the canvas, and when the one that comes next was asked for. */
  protected shownId: string | undefined;
  protected switchedAt: number | undefined;
  protected painted: ImageBitmap | undefined;
  protected displayed: number | undefined;
  private refreshing = 0;
  /** The angle has changed since what was painted last. */
  protected hasTurned = false;

  abstract reload(): Promise<void>;
  protected abstract queueLoad(): void;
  protected abstract fail(error: unknown): void;

  /** Where the piece is turned to, 0 up to 360. */
  get angle(): number {
    return this.turnedTo ?? 0;
  }

  /** How many decoded frames are held. */
  get loadedFrames(): number {
    return this.reel.size;
  }

  /** The degree of the frame on the canvas; undefined while it is the placeholder. */
  get displayedDegree(): number | undefined {
    return this.displayed;
  }

  /**
   * Nothing of a new spin shows until it has the angle that is wanted: a piece that stands at 120 degrees must not
   * jump to the hero and back because its metal changed.
   */
  protected revealIfThere(): void {
    const { grid } = this.coming ?? {};
    const wanted = grid && nearestDegree(grid.degrees, this.angle);
    if (wanted !== undefined && this.reel.isDecoded(grid!.rendition.set, wanted)) this.reveal();
  }

  protected reveal(): void {
    if (!this.coming) return;
    const { frames, manifest } = this.coming;
    this.coming = undefined;
    this.setsShown = [...frames.keys()];
    this.reel.retain(frames);
    this.shownId = manifest.configuration;
    if (this.switchedAt !== undefined) this.parts.fade();
    this.parts.place(manifest.view);
    this.setState("hero");
    this.repaint();
  }

  /** A stage is the last: the frames of coarser sets have done their work. */
  protected settle(stage: Stage): void {
    this.steps = stage.degrees;
    this.setsShown = [stage.rendition.set];
    this.reel.retain(framesOf([stage]));
    this.isWhole = true;
    this.repaint();
  }

  protected setState(state: SpinState): void {
    this.dataset.state = state;
  }

  /** Lets go of every frame. */
  protected letGo(): void {
    cancelAnimationFrame(this.refreshing);
    this.refreshing = 0;
    this.reel.retain(new Map());
    this.isWhole = false;
    this.painted = undefined;
  }

  /** What is decoded follows what may be shown next. */
  protected takeAim(): void {
    const sets = [...new Set([...this.setsShown, ...(this.coming?.frames.keys() ?? [])])];
    this.reel.aim({ angle: this.angle, sets, degrees: this.shownDegrees(), maxBytes: shareOf(this.holder) });
  }

  /** Frames arrive and angles change faster than a screen shows them: one painting for each refresh. */
  protected repaint(): void {
    this.refreshing ||= requestAnimationFrame(() => {
      this.refreshing = 0;
      this.takeAim();
      placeHotspots(this, this.angle);
      const nearest = this.reel.nearest({ angle: this.angle, sets: this.setsShown, degrees: this.shownDegrees() });
      if (this.hasTurned && nearest) this.notePace(nearest.degree);
      if (!nearest || nearest.picture === this.painted) return;
      const { picture } = nearest;
      paint(this.parts.canvas, picture, [picture.width, picture.height]);
      this.painted = picture;
      this.displayed = nearest.degree;
      this.parts.brought.hidden = true;
      this.visit.note("frame_ms");
      const configuration = this.shownId;
      if (this.switchedAt === undefined || !configuration || this.coming) return;
      const ms = performance.now() - this.switchedAt;
      this.switchedAt = undefined;
      this.visit.noteSwitch(ms);
      emit(this, "switch", { configuration, choices: choicesOf(configuration), angle: this.angle, ms });
    });
  }

  private notePace(degree: number): void {
    this.hasTurned = false;
    const degrees = [...(this.shownDegrees() ?? this.steps)];
    if (!this.isWhole || !this.pace.note(degree === nearestDegree(degrees, this.angle))) return;
    const { tier, format } = this.manifestNow!.selected!;
    emit(this, "tierchange", { tier, frames: Math.ceil(this.steps.length / this.pace.stride), format });
    this.repaint();
  }

  /** The degrees that are shown, where frames came late and fewer have to do. */
  private shownDegrees(): Set<number> | undefined {
    const { stride } = this.pace;
    return stride > 1 && this.isWhole ? new Set(this.steps.filter((_, index) => index % stride === 0)) : undefined;
  }
}
