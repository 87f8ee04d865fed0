// Controls: buttons on the piece, for visitors who do not guess that it zooms, fills the screen, or can be stopped.

import type { Kit } from "../element/kit";
import { part } from "../screen/view";
import type { Autospin } from "./autospin";
import type { CloseUp } from "./close-up";

export interface Controls {
  /** Shows what the attributes want, in the present words and states. */
  refresh(): void;
}

const STEP = 1.5;
const GREATEST = 4;
const ICONS = {
  pause: "M9 6v12M15 6v12",
  play: "M8 5l11 7-11 7z",
  smaller: "M5 12h14",
  larger: "M5 12h14M12 5v14",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
};
const WORDS = { larger: "Zoom in", smaller: "Zoom out", full: "Full screen", pause: "Pause", play: "Turn" };
const SVG = "http://www.w3.org/2000/svg";

export function createControls({ host, screen: { view }, full }: Kit, autospin: Autospin, closeUp: CloseUp): Controls {
  const bar = part("div", "controls");

  const button = (name: keyof typeof ICONS, onClick: () => void) => {
    const element = part("button", `control ${name}`);
    element.type = "button";
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    const path = icon.appendChild(document.createElementNS(SVG, "path"));
    element.append(icon);
    element.onclick = onClick;
    bar.append(element);
    return (shown: boolean, icon: keyof typeof ICONS = name, disabled = false) => {
      element.hidden = !shown;
      element.ariaLabel = element.title = view.words[icon] ?? WORDS[icon];
      path.setAttribute("d", ICONS[icon]);
      // A button that is disabled loses the focus.
      element.ariaDisabled = `${disabled}`;
    };
  };

  const pause = button("pause", () => autospin.toggle());
  const smaller = button("smaller", () => closeUp.zoom(1 / STEP));
  const larger = button("larger", () => closeUp.zoom(STEP));
  const fill = button("full", () => void full.toggle());
  view.frame.insertBefore(bar, view.close);

  return {
    refresh() {
      const isWanted = host.hasAttribute("controls");
      const { isWanted: isSpinning, isPlaying } = autospin;
      pause(isSpinning, isPlaying ? "pause" : "play");
      smaller(isWanted, "smaller", view.scale <= 1);
      larger(isWanted, "larger", view.scale >= GREATEST);
      fill(isWanted && !full.isOn);
    },
  };
}
