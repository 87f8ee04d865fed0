// What stands in the element's shadow: the stage with its canvas, the page's hotspots, and the message.

import { isMotionReduced } from "../element/gestures";
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

let sheet: CSSStyleSheet | undefined;

/** Builds the shadow of one element. */
export function buildView(host: HTMLElement, onRetry: () => void): View {
  // `host.focus()` goes to the stage, which is the slider.
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
  message.setAttribute("role", "alert");
  message.hidden = true;
  const text = document.createElement("span");
  const retry = part("button", "retry");
  retry.type = "button";
  retry.textContent = "Try again";
  retry.addEventListener("click", onRetry);
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
    const share = (pixels: number, of: number) => `${(pixels / of) * 100}%`;
    const [left, top, wide, high] = crop;
    Object.assign(canvas.style, {
      left: share(left, width),
      top: share(top, height),
      width: share(wide, width),
      height: share(high, height),
    });
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
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute("part", name);
  return element;
}
