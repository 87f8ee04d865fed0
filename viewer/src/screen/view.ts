// What stands in the element's shadow: the stage with its canvas, the page's hotspots, the way out, and the message.

import type { Placement } from "../wire";
import { type Words, words } from "../words";
import CSS from "./view.css";

/** A place, or a way, in pixels. */
export interface Place {
  x: number;
  y: number;
}

/** `x` and `y`: how far the piece is moved from the middle, in shares of its own size. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export interface View {
  host: HTMLElement;
  root: ShadowRoot;
  /** Its style; the second sheet is this element's own. Those of another document take their place there. */
  readonly sheets: CSSStyleSheet[];
  frame: HTMLElement;
  stage: HTMLElement;
  layer: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Ends full screen. */
  close: HTMLButtonElement;
  /** If the page names one. */
  poster: HTMLImageElement;
  /** The poster, or a picture that the page has brought: shows until the first frame does. */
  brought: HTMLElement;
  /** How large the piece is. */
  readonly scale: number;
  /** Width by height of the element, where the page's styles leave that open. */
  readonly ratio: number;
  /** Width of a picture of these proportions in the stage, in the stage's own pixels. */
  width(): number;
  /** A way across the viewport in the stage's own pixels, whatever transforms the page has put around it. */
  toLocal(way: Place): Place;
  /**
   * Puts the canvas where its frames lie in the artist's frames, so that pieces that were cropped differently stand
   * alike. The first crop of a product lies where its still does.
   */
  place(view: Placement, product: string): void;
  zoom(zoom: Zoom): void;
  /** The size that the page gives to the element, or to the picture in it. Where it gives none, the frames decide. */
  size(width: number, height: number, isElements: boolean): void;
  /** What this element says to visitors: in its language, once that is known. */
  words: Words;
  /** Shows a message with its button; without a word the one before, in the present language. Empty, it hides both. */
  say(word?: "none" | "failed" | ""): void;
}

// Smaller numbers are proportions alone: width="4" height="3".
const LEAST_WIDTH_PX = 16;

/** Gives the stage its role, name and value. They stand there, so that the retry button is beside the slider. */
export function describeStage({ stage, words }: View, name: string | null, angle: number, isStill: boolean): void {
  const degrees = Math.round(angle) % 360;
  const slides = (value: string) => (isStill ? null : value);
  Object.assign(stage, {
    role: slides("slider") ?? "img",
    ariaLabel: name ?? words.view,
    ariaValueMin: slides("0"),
    ariaValueMax: slides("359"),
    ariaValueNow: slides(`${degrees}`),
    ariaValueText: slides(words.degrees.replace("#", `${degrees}`)),
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
  const sheets = [sheet, new CSSStyleSheet()];
  root.adoptedStyleSheets = sheets;

  const frame = part("div", "frame");
  const stage = part("div", "stage");
  stage.tabIndex = 0;
  const layer = part("div", "layer");
  const crop = part("div", "crop");
  const plane = part("div", "plane");
  const canvas = part("canvas", "canvas");
  const close = part("button", "close control");
  close.textContent = "×";
  const message = part("div", "message");
  message.role = "alert";
  message.hidden = true;
  const text = document.createElement("span");
  const retry = part("button", "retry");
  retry.onclick = onRetry;
  const brought = document.createElement("slot");
  const poster = part("img", "poster");
  poster.alt = "";
  brought.append(poster);
  // Three corners of the stage: where they are in the viewport tells what transforms the page has put around it.
  const corners = ["", "", ""].map(() => document.createElement("i"));
  plane.append(canvas);
  crop.append(plane);
  layer.append(brought, crop);
  stage.append(layer, ...corners);
  message.append(text, retry);
  frame.append(stage, close, message);
  root.append(frame);

  let ratio = 1;
  let isSized = false;
  /** Width in CSS pixels that the page gives, to the element or to the picture in it. */
  let widthPx = 0;
  let isElements = false;
  let scale = 1;
  /** The product whose crop lies where its still does, and that crop, in shares of the artist's frame. */
  let placed: { product: string; crop: number[] } | undefined;

  const set = (name: string, value: string) => frame.style.setProperty(name, value);

  /** Gives the element the box that an image of these proportions has. */
  const fit = () => {
    const wide = widthPx >= LEAST_WIDTH_PX ? `width:${widthPx}px` : "";
    sheets[1]!.replaceSync(`:host{aspect-ratio:${ratio};${isElements ? wide : ""}}:host:before{${wide}}`);
  };

  const own: Words = Object.create(words);
  let said: "none" | "failed" | "" = "";
  const say: View["say"] = (word = said) => {
    said = word;
    text.textContent = word && own[word];
    retry.textContent = own.retry;
    message.hidden = !word;
  };
  const percent = (share: number) => `${100 * share}%`;
  const place: View["place"] = ({ source: [width, height], crop: pixels }, product) => {
    const shares = pixels.map((px, index) => px / (index % 2 ? height : width));
    if (placed?.product !== product) {
      placed = { product, crop: shares };
      if (!isSized) ratio = width / height;
      fit();
    }
    // The first crop is where the still is, and the plane the artist's frame round it.
    const [left, top, wide, high] = placed.crop as [number, number, number, number];
    set("--ratio", `${(width * wide) / (height * high)}`);
    const insets = [-top / high, (left + wide - 1) / wide, (top + high - 1) / high, -left / wide];
    set("--plane", insets.map(percent).join(" "));
    const [x, y, across, along] = shares.map(percent);
    canvas.style.cssText = `left:${x};top:${y};width:${across};height:${along}`;
  };
  const zoom = (to: Zoom) => {
    scale = to.scale;
    set("--zoom", `translate(${to.x * 100}%,${to.y * 100}%) scale(${scale})`);
    set("--girasol-zoom", `${scale}`);
    set("--touch", scale > 1 ? "none" : "");
  };
  const size: View["size"] = (width, height, ofElement) => {
    isSized = width > 0 && height > 0;
    if (isSized) ratio = width / height;
    widthPx = width;
    isElements = ofElement;
    fit();
  };
  const width = () => Math.min(stage.clientWidth, stage.clientHeight * ratio) || 1;
  const toLocal: View["toLocal"] = ({ x, y }) => {
    const [from, right, down] = corners.map((corner) => corner.getBoundingClientRect());
    const [acrossX, acrossY] = [right!.x - from!.x, right!.y - from!.y];
    const [alongX, alongY] = [down!.x - from!.x, down!.y - from!.y];
    const area = acrossX * alongY - acrossY * alongX || 1;
    return {
      x: ((x * alongY - y * alongX) / area) * stage.clientWidth,
      y: ((y * acrossX - x * acrossY) / area) * stage.clientHeight,
    };
  };
  return {
    words: own,
    host,
    root,
    sheets,
    frame,
    stage,
    layer,
    canvas,
    close,
    poster,
    brought,
    get scale() {
      return scale;
    },
    get ratio() {
      return ratio;
    },
    width,
    toLocal,
    place,
    zoom,
    size,
    say,
  };
}

/** A part that pages can style. */
export function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute("part", name);
  return element;
}
