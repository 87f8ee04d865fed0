// A few keys as shortcuts, listed under `?`. They can be switched off, for those who speak to their computer.

import { isTyping, showKeyList } from "../studio/key-list";
import { RANGES } from "./address";

const OFF = "girasol-ops-shortcuts-off";
/** Digits and letters mean nothing to a choice of the time that is shown. */
const FIELDS = "input:not([type=radio])";

interface Acts {
  wall(): void;
  leaveWall(): void;
  /** The range at this place of the list. */
  range(at: number): void;
}

/** Listens for the whole life of the page. */
export function listenKeys(acts: Acts): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target, FIELDS))
      return;
    if (document.querySelector("dialog[open]") || !document.body.classList.contains("signed-in")) return;
    if (event.key === "Escape") return acts.leaveWall();
    if (localStorage.getItem(OFF)) return;
    if (event.key === "?") showKeys();
    else if (event.key === "w") acts.wall();
    else if (/^[1-9]$/.test(event.key)) acts.range(Number(event.key) - 1);
    else return;
    event.preventDefault();
  });
}

export function showKeys(): void {
  const keys: [string, string][] = [
    ...RANGES.map(([, words], at): [string, string] => [String(at + 1), `Show ${words}`]),
    ["w", "Large figures for a wall, and back"],
    ["Esc", "Leave the wall, or close what is open"],
    ["?", "This list"],
  ];
  showKeyList(keys, OFF, "Letters and digits are shortcuts");
}
