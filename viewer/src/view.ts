// What stands in the element's shadow: the stage with its canvas, and the message.

import type { Manifest } from "./manifest";

export interface View {
  stage: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Puts the canvas where its frames lie in the artist's frames, so that pieces that were cropped differently stand alike. */
  place(view: Manifest["view"]): void;
  /** Shows a message with its button, or hides both. */
  say(text: string): void;
}

const CSS = `
:host { display: block; position: relative; }
:host([hidden]) { display: none; }
.stage {
  position: relative; width: 100%; aspect-ratio: 1; overflow: hidden; border-radius: inherit;
  cursor: grab; touch-action: pan-y pinch-zoom; user-select: none; -webkit-user-select: none;
  -webkit-tap-highlight-color: transparent; outline: none;
}
.stage:active { cursor: grabbing; }
.stage:focus-visible { outline: 3px solid var(--girasol-focus, Highlight); outline-offset: 2px; }
.stage[role=img] { cursor: auto; }
canvas { position: absolute; width: 100%; height: 100%; }
.message {
  position: absolute; inset: auto 0 0; display: flex; flex-wrap: wrap; gap: .5em 1em; align-items: center;
  justify-content: center; padding: .75em 1em; font: 500 .9375rem/1.4 system-ui, sans-serif;
  color: #222; background: #fffffff0; border-radius: inherit;
}
.message[hidden] { display: none; }
button {
  font: inherit; padding: .5em 1.25em; color: #fff; background: #222; border: 0; border-radius: 2em; cursor: pointer;
}
button:focus-visible { outline: 3px solid var(--girasol-focus, Highlight); outline-offset: 2px; }
`;

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
  return { stage, canvas, place, say };
}

function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute("part", name);
  return element;
}
