// A few letters as shortcuts, listed under `?`. They can be switched off, for those who speak to their computer.

import { isTyping, showKeyList } from "./key-list";

const OFF = "girasol-studio-shortcuts-off";
const LIST: [string, string][] = [
  ["u", "Choose files to upload, on a frame set’s page"],
  ["e", "Encode, on a frame set’s page"],
  ["p", "Publish, on a version’s page"],
  ["← →", "Turn the spin by a frame"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
];
/** What a letter presses. */
const PRESSES: Record<string, string> = { u: "#pick-files", e: "#commit", p: "#publish" };

/** Listens for the whole life of the page. */
export function listenShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") return turn(event);
    if (localStorage.getItem(OFF)) return;
    if (event.key === "?") {
      event.preventDefault();
      return showShortcuts();
    }
    const target = document.querySelector<HTMLButtonElement>(PRESSES[event.key] ?? "none");
    if (!target || target.disabled) return;
    event.preventDefault();
    target.focus();
    target.click();
  });
}

export function showShortcuts(): void {
  showKeyList(LIST, OFF, "Letters are shortcuts");
}

/** The first spin takes the arrow keys that nothing else wants. */
function turn(event: KeyboardEvent): void {
  const stage = document.querySelector("girasol-spin")?.shadowRoot?.querySelector(".stage");
  if (!stage || (event.target instanceof Element && event.target.closest("girasol-spin, [role=radiogroup]"))) return;
  event.preventDefault();
  stage.dispatchEvent(new KeyboardEvent("keydown", { key: event.key }));
}
