// The last step: a live spin as a picture, and the lines that put it on a page.

import type { Sequence } from "../api";
import { make } from "../page";
import { snippetOf } from "./api";
import { copy } from "./copying";
import { button, field, link, panel } from "./widgets";
import { choicesOf, pieceInWords } from "./words";

/** A server keeps for a second that there was no spin. */
const TRIES = 5;
const PAUSE_MS = 600;

/** The panel of a live spin; a protected one has no address for everyone. */
export function snippetPanel({ configuration, live, protected: isProtected }: Sequence): HTMLElement | undefined {
  if (live == null || isProtected) return undefined;
  const { product, choices } = choicesOf(configuration);
  const lines = make("textarea", {
    id: "snippet",
    readonly: true,
    rows: 7,
    wrap: "off",
    spellcheck: "false",
    placeholder: "The server writes them…",
  });
  lines.addEventListener("focus", () => lines.select());
  const copying = button("Copy", () => copy(lines), { id: "snippet-copy", disabled: true });
  const fill = async (tries = TRIES): Promise<void> => {
    try {
      lines.value = await snippetOf(configuration);
      copying.disabled = false;
    } catch (error) {
      if (tries > 1) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        return fill(tries - 1);
      }
      lines.placeholder = `${(error as Error).message} Reload the page to try again.`;
    }
  };
  void fill();
  const address = `${location.origin}/api/products/customizable/${configuration}/sequence`;
  const picture = make("img", {
    src: `/still/${configuration}.jpg`,
    alt: pieceInWords(product, choices),
    width: 160,
    height: 160,
  });
  // A version that is taken down in this moment has no picture.
  picture.addEventListener("error", () => picture.remove());
  return panel(
    "Put it on a page",
    { id: "put-on-page" },
    make("div", { class: "snippet" }, picture, make("div", {}, field("These lines show what is live", lines), copying)),
    make(
      "p",
      { class: "quiet small" },
      "They hold what this version needs to be there at once. A page that is older than the live version shows that one a moment later.",
    ),
    make(
      "p",
      { class: "quiet small" },
      "The address of the spin stays the same for all versions: ",
      link(address, address),
    ),
  );
}
