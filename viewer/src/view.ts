// What stands in the element's shadow: the stage with its canvas, and the message.

import type { Manifest } from "./manifest";
import CSS from "./view.css";

export interface View {
  stage: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Puts the canvas where its frames lie in the artist's frames, so that pieces that were cropped differently stand alike. */
  place(view: Manifest["view"]): void;
  /** Lets what stands on the canvas fade away over what is painted next. */
  fade(): void;
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

  const stage = part("div", "stage");
  stage.tabIndex = 0;
  const canvas = part("canvas", "canvas");
  const message = part("div", "message");
  message.setAttribute("role", "alert");
  message.hidden = true;
  const text = document.createElement("span");
  const button = part("button", "retry");
  button.type = "button";
  button.textContent = "Try again";
  button.addEventListener("click", onRetry);
  stage.append(canvas);
  message.append(text, button);
  root.append(stage, message);

  const say = (words: string) => {
    text.textContent = words;
    message.hidden = !words;
  };
  const place = ({ source: [width, height], crop }: Manifest["view"]) => {
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
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const old = (ghost = canvas.cloneNode() as HTMLCanvasElement);
    old.className = "ghost";
    old.getContext("2d")?.drawImage(canvas, 0, 0);
    old.addEventListener("animationend", () => old.remove());
    canvas.after(old);
  };
  return { stage, canvas, place, fade, say };
}

function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute("part", name);
  return element;
}
