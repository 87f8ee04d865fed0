// Numbers, sizes and times in words.

import type { Choices } from "../api";
import { count } from "../page";

/** Bytes in thousands, with a unit that leaves one to three digits before the point. */
export function sizeOf(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 999.5 && at < units.length - 1) {
    bytes /= 1000;
    at += 1;
  }
  const digits = at > 0 && bytes < 99.95 ? 1 : 0;
  return `${bytes.toLocaleString("en", { maximumFractionDigits: digits })} ${units[at]}`;
}

/** A duration, rounded as people say it. */
export function spanOf(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : count(hours, "hour");
}

/** How long ago something happened. */
export function agoOf(moment: string, now = Date.now()): string {
  const ms = now - Date.parse(moment);
  if (Number.isNaN(ms)) return "";
  if (ms < 45_000) return "just now";
  if (ms < 3_600_000) return `${Math.max(1, Math.round(ms / 60_000))} min ago`;
  if (ms < 86_400_000) return `${count(Math.round(ms / 3_600_000), "hour")} ago`;
  if (ms < 14 * 86_400_000) return `${count(Math.round(ms / 86_400_000), "day")} ago`;
  return dateOf(moment);
}

/** Date and time in the reader's time zone. */
export function dateOf(moment: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** A slug as the server labels it: `rose-gold` is "Rose Gold". */
export function titleOf(slug: string): string {
  return slug
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/** Choices in words: "Rose Gold, Diamond". */
export function choicesInWords(choices: Choices): string {
  return Object.values(choices).map(titleOf).join(", ");
}

/** A configuration in words: "Solitaire: Rose Gold, Diamond". */
export function pieceInWords(product: string, choices: Choices): string {
  const model = titleOf(product.split(".")[1] ?? product);
  const words = choicesInWords(choices);
  return words ? `${model}: ${words}` : model;
}

/** The product and the choices in a configuration's id. */
export function choicesOf(configuration: string): { product: string; choices: Choices } {
  const [type = "", model = "", ...pairs] = configuration.split(".");
  const choices = pairs.map((pair): [string, string] => {
    const cut = pair.indexOf("-");
    return [pair.slice(0, cut), pair.slice(cut + 1)];
  });
  return { product: `${type}.${model}`, choices: Object.fromEntries(choices) };
}

/** A list in a sentence, "a, b and c", shortened to `most` things. */
export function listOf(things: string[], most = 6): string {
  const shown = things.length > most ? [...things.slice(0, most - 1), `${things.length - most + 1} more`] : things;
  return shown.length < 2 ? (shown[0] ?? "") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** A difference with its sign. */
export function signed(difference: number, digits = 1): string {
  const text = Math.abs(difference).toFixed(digits);
  if (Number(text) === 0) return "±0";
  return `${difference > 0 ? "+" : "−"}${text}`;
}
