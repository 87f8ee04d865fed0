// The last step: a live spin as a picture, and the lines that put it on a page.

import type { Sequence } from "../api";
import { make } from "../page";
import { copy } from "./copying";
import { button, field, link, panel } from "./widgets";
import { choicesOf, pieceInWords } from "./words";

/** Width and height in pixels. */
type Size = [number, number];

const WIDTH_PX = 640;

/**
 * The lines that show a configuration, with the addresses of this server. The picture inside is there before any script,
 * in the proportions of the artist's frames, `source`.
 */
export function snippetOf(configuration: string, origin: string, source: Size): string {
  const { product, choices } = choicesOf(configuration);
  const alt = pieceInWords(product, choices);
  const [width, height] = source;
  const size = `width="${WIDTH_PX}" height="${Math.round((WIDTH_PX * height) / width)}"`;
  return [
    `<script type="module" src="${origin}/girasol-spin.js"></script>`,
    "<girasol-spin",
    `  src="${sequenceOf(configuration, origin)}"`,
    `  alt="${alt}">`,
    `  <img src="${origin}/still/${configuration}.webp" ${size} alt="${alt}">`,
    "</girasol-spin>",
  ].join("\n");
}

/** The panel of a live spin; a protected one has no address for everyone. */
export function snippetPanel(
  { configuration, live, protected: isProtected }: Sequence,
  source: Size,
): HTMLElement | undefined {
  if (live == null || isProtected) return undefined;
  const { product, choices } = choicesOf(configuration);
  const text = snippetOf(configuration, location.origin, source);
  const lines = make("textarea", { id: "snippet", readonly: true, rows: 6, wrap: "off", spellcheck: "false" });
  lines.value = text;
  lines.addEventListener("focus", () => lines.select());
  const address = sequenceOf(configuration, location.origin);
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
    make(
      "div",
      { class: "snippet" },
      picture,
      make(
        "div",
        {},
        field("These lines show what is live", lines),
        button("Copy", () => copy(lines), { id: "snippet-copy" }),
      ),
    ),
    make(
      "p",
      { class: "quiet small" },
      "The address of the spin stays the same for all versions: ",
      link(address, address),
    ),
  );
}

function sequenceOf(configuration: string, origin: string): string {
  return `${origin}/api/products/customizable/${configuration}/sequence`;
}
