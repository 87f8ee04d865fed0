// What does not work at the moment: said once, until it does.

import { make } from "../page";
import { Problem, wordsOf } from "../studio/api";
import { button } from "../studio/widgets";

export interface Trouble {
  element: HTMLElement;
  /** Does something that may fail. A session that has ended leads to the sign-in by itself. */
  attempt(name: string, what: () => Promise<void>): Promise<void>;
  /** The line to the server is broken, in these words; or it is there again. */
  lose(words: string): void;
  regain(): void;
}

/** `again` does everything once more. */
export function trouble(again: () => unknown, signal: AbortSignal): Trouble {
  const element = make("div", { id: "trouble", class: "note warn", role: "alert", hidden: true });
  const failing = new Map<string, string>();
  let lost = "";

  const draw = () => {
    // Where the line is broken everything fails.
    const words = lost || [...new Set(failing.values())].join(" ");
    element.hidden = !words;
    if (element.firstChild?.textContent === words) return;
    element.replaceChildren(make("p", {}, words), button("Try now", again, { class: "plain small" }));
  };
  return {
    element,
    async attempt(name, what) {
      try {
        await what();
        failing.delete(name);
      } catch (error) {
        if (signal.aborted || (error instanceof Problem && error.status === 401)) return;
        failing.set(name, wordsOf(error));
      }
      draw();
    },
    lose(words) {
      lost ||= words;
      draw();
    },
    regain() {
      lost = "";
      draw();
    },
  };
}
