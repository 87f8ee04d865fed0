// Which choices a folder's name means: "14k rose" is rose-gold, "PT950" platinum.

import type { Choices, ListedOption } from "../api";

/** For each option the choice that the name means most clearly; none where two are as likely. */
export function choicesIn(name: string, options: ListedOption[]): Choices {
  const words = wordsIn(name);
  const found = options.map(({ name: option, choices }): [string, string | undefined] => {
    const scores = choices
      .map(({ value, label }) => ({ value, score: Math.max(score(words, value), score(words, label)) }))
      .sort((one, other) => other.score - one.score);
    const [best, next] = scores;
    return [option, best && best.score > (next?.score ?? 0) ? best.value : undefined];
  });
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** How much of a choice a name holds, from 0 to above 1: longer choices that are whole come before shorter ones. */
function score(words: string[], choice: string): number {
  const wanted = wordsIn(choice);
  if (!wanted.length) return 0;
  const initials = wanted.map((word) => word[0]).join("");
  if (wanted.length > 1 && words.includes(initials)) return 1;
  const held = wanted.filter((word) => words.some((given) => isMeant(given, word))).length;
  return held / wanted.length + (held === wanted.length ? 0.01 * held : 0);
}

/** A word, or the beginning of it: at least three letters, or the two of a metal's sign. */
function isMeant(given: string, word: string): boolean {
  if (given === word || (given.length >= 3 && word.startsWith(given))) return true;
  return word === "platinum" && given === "pt";
}

function wordsIn(name: string): string[] {
  const plain = name
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/\.(zip|tar)$/i, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2");
  // Fineness is no word: 14k, 18kt, PT950.
  return (
    plain
      .toLowerCase()
      .match(/[a-z]+/g)
      ?.filter((word) => !/^(k|kt|ct)$/.test(word)) ?? []
  );
}
