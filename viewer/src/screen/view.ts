// What stands in the element's shadow: the stage with its canvas, the page's hotspots, and the message.

import { isMotionReduced } from "../motion";
import type { Placement } from "../wire";
import CSS from "./view.css";
import type { Zoom } from "./zoom";

export interface View {
  stage: HTMLElement;
  canvas: HTMLCanvasElement;
  /** If the page names one. */
  poster: HTMLImageElement;
  /** The poster, or a picture that the page has brought: shows until the first frame does. */
  brought: HTMLElement;
  /** Puts the canvas where its frames lie in the artist's frames, so that pieces that were cropped differently stand alike. */
  place(view: Placement): void;
  /** Lets what stands on the canvas fade away over what is painted next. */
  fade(): void;
  zoom(zoom: Zoom): void;
  /** Holds the place that the frames will need, so that the page does not jump. */
  proportion(width: number, height: number): void;
  /** Shows a message with its button, or hides both. */
  say(text: string): void;
}

/** Gives the stage its role, name and value. They stand there, so that the retry button is beside the slider. */
export function describeStage(stage: HTMLElement, name: string | null, angle: number, isStill: boolean): void {
  const degrees = Math.round(angle) % 360;
  const slides = (value: string) => (isStill ? null : value);
  Object.assign(stage, {
    role: slides("slider") ?? "img",
    ariaLabel: name ?? "360° view",
    ariaValueMin: slides("0"),
    ariaValueMax: slides("359"),
    ariaValueNow: slides(`${degrees}`),
    ariaValueText: slides(`${degrees} degrees`),
  });
}

let sheet: CSSStyleSheet | undefined;

/** Builds the shadow of one element. */
export function buildView(host: HTMLElement, onRetry: () => void): View {
  // `host.focus()` focuses the stage, which is the slider.
  const root = host.attachShadow({ mode: "open", delegatesFocus: true });
  // Constructed, because a strict content security policy forbids style elements.
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [sheet];

  const frame = part("div", "frame");
  const stage = part("div", "stage");
  stage.tabIndex = 0;
  const layer = part("div", "layer");
  const canvas = part("canvas", "canvas");
  const message = part("div", "message");
  message.role = "alert";
  message.hidden = true;
  const text = document.createElement("span");
  const retry = part("button", "retry");
  retry.textContent = "Try again";
  retry.onclick = onRetry;
  const brought = document.createElement("slot");
  const poster = part("img", "poster");
  poster.alt = "";
  brought.append(poster);
  const spots = part("slot", "hotspots");
  spots.name = "hotspot";
  layer.append(brought, canvas);
  stage.append(layer);
  message.append(text, retry);
  frame.append(stage, spots, message);
  root.append(frame);

  const say = (words: string) => {
    text.textContent = words;
    message.hidden = !words;
  };
  const place = ({ source: [width, height], crop }: Placement) => {
    const [left, top, wide, high] = crop.map((pixels, index) => (100 * pixels) / (index % 2 ? height : width));
    canvas.style.cssText = `left:${left}%;top:${top}%;width:${wide}%;height:${high}%`;
  };
  let ghost: HTMLCanvasElement | undefined;
  const fade = () => {
    ghost?.remove();
    if (isMotionReduced()) return;
    const old = (ghost = canvas.cloneNode() as HTMLCanvasElement);
    old.className = "ghost";
    old.getContext("2d")?.drawImage(canvas, 0, 0);
    old.addEventListener("animationend", () => old.remove());
    canvas.after(old);
  };
  const zoom = ({ scale, x, y }: Zoom) => {
    frame.style.setProperty("--zoom", `translate(${x * 100}%, ${y * 100}%) scale(${scale})`);
    frame.style.setProperty("--girasol-zoom", `${scale}`);
  };
  const proportion = (width: number, height: number) => {
    if (width > 0 && height > 0) frame.style.setProperty("--ratio", `${width / height}`);
  };
  return { stage, canvas, poster, brought, place, fade, zoom, proportion, say };
}

function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(tag), { className: name, part: name });
}
