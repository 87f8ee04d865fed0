// The sign-in: a key is exchanged for a cookie that scripts cannot read. The key itself is not stored.

import type { Session } from "../api";
import { make } from "../page";
import { Problem, session, wordsOf } from "./api";
import { field } from "./widgets";

const SAYS: Record<string, string> = {
  "key-refused": "This key is unknown or was revoked. Check that you pasted all of it.",
};

/** Shows the form of a page; calls back after the sign-in. */
export function showSignIn(
  main: HTMLElement,
  isReturning: boolean,
  onSignedIn: (who: Session) => void,
  page = "Girasol studio",
): void {
  const input = make("input", {
    id: "key",
    type: "password",
    name: "key",
    required: true,
    autocomplete: "current-password",
    spellcheck: "false",
    placeholder: "girasol_…",
    "aria-describedby": "sign-in-error",
  });
  const error = make("p", { id: "sign-in-error", class: "error", role: "alert" });
  const submit = make("button", { type: "submit", id: "sign-in" }, "Sign in");
  const show = make("input", { type: "checkbox", id: "show-key" });
  show.addEventListener("change", () => (input.type = show.checked ? "text" : "password"));
  const form = make(
    "form",
    { class: "panel sign-in", "aria-labelledby": "sign-in-title" },
    make("h1", { id: "sign-in-title", tabindex: -1 }, "Sign in"),
    make(
      "p",
      { class: "quiet" },
      isReturning
        ? "The session has expired. Sign in again to continue on the same page."
        : "Paste the key that you were given. It opens a session for a working day.",
    ),
    field("Key", input),
    make("label", { class: "check" }, show, make("span", {}, "Show it")),
    error,
    make("div", { class: "actions" }, submit),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = input.value.trim();
    error.textContent = key ? "" : "Paste the key first.";
    if (!key || submit.disabled) return;
    submit.disabled = true;
    try {
      const who = await session.begin(key);
      input.value = "";
      onSignedIn(who);
    } catch (reason) {
      error.textContent = (reason instanceof Problem && SAYS[reason.slug]) || wordsOf(reason);
      input.setAttribute("aria-invalid", "true");
      input.select();
    } finally {
      submit.disabled = false;
    }
  });
  main.replaceChildren(form);
  document.title = `Sign in · ${page}`;
  input.focus();
}
