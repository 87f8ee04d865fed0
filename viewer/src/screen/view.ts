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
  /** Width of the piece, not zoomed, in the stage's own pixels. */
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
  layer.append(brought, plane);
  stage.append(layer, ...corners);
  message.append(text, retry);
  frame.append(stage, close, message);
  root.append(frame);

  let ratio = 1;
  let isSized = false;
  let scale = 1;
  /** The product whose crop lies where its still does, and that crop, in shares of the artist's frame. */
  let placed: { product: string; crop: number[] } | undefined;

  const set = (name: string, value: string) => frame.style.setProperty(name, value);

  /** The artist's frame round a crop that fits into the layer as its still does. */
  const layPlane = (width: number, height: number, [left, top, wide, high]: number[]) => {
    const fitted = (width * wide!) / (height * high!) / ratio;
    const [cropWidth, cropHeight] = [Math.min(1, fitted), Math.min(1, 1 / fitted)];
    const [across, along] = [cropWidth / wide!, cropHeight / high!];
    const [x, y] = [(1 - cropWidth) / 2 - left! * across, (1 - cropHeight) / 2 - top! * along];
    set("--plane", [y, 1 - x - across, 1 - y - along, x].map((share) => `${100 * share}%`).join(" "));
  };

  const own: Words = Object.create(words);
  let said: "none" | "failed" | "" = "";
  const say: View["say"] = (word = said) => {
    said = word;
    text.textContent = word && own[word];
    retry.textContent = own.retry;
    message.hidden = !word;
  };
  const place: View["place"] = ({ source: [width, height], crop }, product) => {
    const shares = crop.map((pixels, index) => pixels / (index % 2 ? height : width));
    if (placed?.product !== product) {
      placed = { product, crop: shares };
      if (!isSized) set("--ratio", `${(ratio = width / height)}`);
    }
    layPlane(width, height, placed.crop);
    const [left, top, wide, high] = shares.map((share) => `${100 * share}%`);
    canvas.style.cssText = `left:${left};top:${top};width:${wide};height:${high}`;
  };
  const zoom = (to: Zoom) => {
    scale = to.scale;
    set("--zoom", `translate(${to.x * 100}%, ${to.y * 100}%) scale(${scale})`);
    set("--girasol-zoom", `${scale}`);
    set("--touch", scale > 1 ? "none" : "pan-y");
  };
  const size = (width: number, height: number, isElements: boolean) => {
    isSized = width > 0 && height > 0;
    if (isSized) set("--ratio", `${(ratio = width / height)}`);
    const isWide = width >= LEAST_WIDTH_PX;
    sheets[1]!.replaceSync(isWide && isElements ? `:host{width:${width}px}` : "");
    if (isWide) set("--width", `${width}px`);
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
