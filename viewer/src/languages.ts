// The file of the languages: fetched from beside the second file, for pages that are not in English.

import type { Words } from "./words";

/** Requests it once for the page. Keys are languages, with a script or a region where those decide. */
export async function loadLanguages(): Promise<Record<string, Words>> {
  return (await import("./girasol-spin.words.js")).languages;
}
