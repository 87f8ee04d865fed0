// What to do about an alert: its section of docs/runbook.md, which is built in.

import { make } from "../page";

/** Paragraphs by the name of the alert, in the few marks of Markdown that the runbook has. */
export type Runbook = Record<string, string[]>;

/** Cuts the runbook into the sections of its alerts. */
export function sectionsOf(markdown: string): Runbook {
  const sections: Runbook = {};
  for (const part of markdown.split(/^#{1,3} /m).slice(1)) {
    const [name = "", ...lines] = part.split("\n");
    if (!/^[a-z][a-z0-9-]*$/.test(name)) continue;
    const paragraphs = lines.join("\n").split(/\n{2,}/);
    sections[name] = paragraphs.map((text) => text.trim()).filter(Boolean);
  }
  return sections;
}

/** A paragraph with its code, its stresses, and links to other alerts; `onAlert` gets their names. */
export function paragraphOf(text: string, onAlert: (name: string) => void): HTMLElement {
  return make("p", {}, ...inlineOf(text, onAlert));
}

function inlineOf(text: string, onAlert: (name: string) => void): (Node | string)[] {
  const joined = text.trim().replace(/\s*\n\s*/g, " ");
  return joined.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
    if (/^\*[^*]/.test(part)) return make("em", {}, part.slice(1, -1));
    const [, words, target] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part) ?? [];
    if (!words || !target) return part;
    if (!target.startsWith("#")) return words;
    const to = make("button", { type: "button", class: "link" }, words);
    to.addEventListener("click", () => onAlert(target.slice(1)));
    return to;
  });
}
