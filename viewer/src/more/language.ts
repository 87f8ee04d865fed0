// The language of the words: that of the page where the element stands, by the nearest `lang`.

import type { Kit } from "../element/kit";
import { loadLanguages } from "../languages";
import type { Words } from "../words";

/** The `lang` of the nearest ancestor that has one, through shadow roots too; empty where none has. */
export function langOf(element: Element): string {
  const near = element.closest("[lang]");
  if (near) return near.getAttribute("lang")!;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? langOf(root.host) : "";
}

/** Keys of the languages that would do for a tag, the best one first: `zh-TW`, `zh-Hant`, `zh`. None where it is no tag. */
export function keysOf(tag: string): string[] {
  // The browser's data about tags takes it 30 ms to load on a slow phone, which most pages can do without.
  if (/^en(-|$)/i.test(tag)) return ["en"];
  try {
    const { language, script, region } = new Intl.Locale(tag).maximize();
    return [`${language}-${region}`, `${language}-${script}`, language];
  } catch {
    return [];
  }
}

/** Returns what brings the words of an element into its language. `onChange` is called when they have changed. */
export function createLanguage({ host, screen: { view }, words }: Kit, onChange: () => void): () => void {
  let spoken = "";
  let present: Partial<Words> = {};
  const own = view.words as Partial<Words>;

  const speak = (language: Partial<Words> = {}) => {
    present = language;
    for (const word of Object.keys(own) as (keyof Words)[]) delete own[word];
    // English and the shop's words stand behind these; the shop's come first.
    Object.assign(own, language, words);
    onChange();
  };

  return () => {
    const tag = langOf(host);
    // The shop's own words may have changed.
    if (tag === spoken) return speak(present);
    spoken = tag;
    const keys = keysOf(tag);
    if (!keys.length || keys.includes("en")) return speak();
    loadLanguages().then(
      (languages) => {
        const key = keys.find((key) => key in languages);
        if (tag === spoken) speak(key ? languages[key] : {});
      },
      // Where the file cannot be had, the words stay as they are; the next need asks again.
      () => {
        spoken = "";
      },
    );
  };
}
