// The artists' studio at /studio: who is signed in, and which page the address asks for.

import { byId, count, make } from "./page";
import { announce } from "./studio/announce";
import { onSignedOut, Problem, session, wordsOf } from "./studio/api";
import { showCompare } from "./studio/compare";
import { showConfiguration } from "./studio/configuration";
import { showOverview } from "./studio/overview";
import { parseRoute, type Route, setHash } from "./studio/routes";
import { showSet } from "./studio/set-page";
import type { Session } from "./studio/shapes";
import { listenShortcuts, showShortcuts } from "./studio/shortcuts";
import { showSignIn } from "./studio/sign-in";
import { goOnAfterSignIn, onTransfers, transfersUnderWay } from "./studio/transfer";
import { button, link } from "./studio/widgets";

const main = byId("main");
let who: Session | undefined;
let leave = new AbortController();
let isFirst = true;

async function start(): Promise<void> {
  try {
    welcome(await session.show());
  } catch (error) {
    if (error instanceof Problem && error.status === 401) signIn(false);
    else showError(error, () => void start());
  }
}

function welcome(session: Session): void {
  who = session;
  byId("who").textContent = session.label ? `${session.label} (${session.role})` : session.role;
  document.body.classList.add("signed-in");
  goOnAfterSignIn();
  void showPage();
}

function signIn(isReturning: boolean): void {
  who = undefined;
  leave.abort();
  document.body.classList.remove("signed-in");
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  isFirst = false;
  main.removeAttribute("aria-busy");
  // The address stays: it says where to go on afterwards.
  showSignIn(main, isReturning, welcome);
}

/** Shows what the address asks for. */
async function showPage(): Promise<void> {
  if (!who) return;
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const route = parseRoute(location.hash);
  const page = make("div", { class: `page ${route.at}` });
  byId("to-products").setAttribute("aria-current", route.at === "products" ? "page" : "false");
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  main.setAttribute("aria-busy", "true");
  try {
    await show(route, page, signal);
  } catch (error) {
    if (!signal.aborted) showError(error, () => void showPage());
    return;
  }
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  main.replaceChildren(page);
  arrive(page);
}

function show(route: Route, page: HTMLElement, signal: AbortSignal): Promise<void> {
  switch (route.at) {
    case "products":
      return showOverview(page, signal);
    case "set":
      return showSet(page, route.set, signal);
    case "configuration":
      return showConfiguration(page, route, signal);
    case "compare":
      return showCompare(page, route, signal);
  }
}

/** The title of the page goes to the tab, and the focus to it: whoever cannot see hears where they are. */
function arrive(page: HTMLElement): void {
  const heading = page.querySelector("h1");
  document.title = `${heading?.textContent ?? "Studio"} · Girasol studio`;
  scrollTo(0, 0);
  if (!isFirst) heading?.focus({ preventScroll: true });
  isFirst = false;
}

function showError(error: unknown, again: () => void): void {
  const isGone = error instanceof Problem && error.status === 404;
  const heading = make("h1", { tabindex: -1 }, isGone ? "There is nothing here" : "This cannot be shown");
  const page = make(
    "div",
    { class: "page panel" },
    heading,
    make("p", {}, wordsOf(error)),
    make("div", { class: "actions" }, link("To the products", "#/products"), button("Try again", again)),
  );
  main.removeAttribute("aria-busy");
  main.replaceChildren(page);
  arrive(page);
}

/** What is being sent goes on while its artist looks at something else; the header says so. */
function drawTransfers(): void {
  const links = transfersUnderWay().map(({ set, left }) => link(`Sending ${count(left, "file")}`, setHash(set)));
  byId("transfers").replaceChildren(...links);
}

addEventListener("hashchange", () => void showPage());
addEventListener("beforeunload", (event) => {
  if (transfersUnderWay().length) event.preventDefault();
});
// Files that miss their target would otherwise be opened in place of the studio.
for (const kind of ["dragover", "drop"] as const) {
  addEventListener(kind, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
}
onSignedOut(() => who && signIn(true));
onTransfers(drawTransfers);
listenShortcuts();
byId("skip").addEventListener("click", (event) => {
  // What stands after the # is the page; this is a place on it.
  event.preventDefault();
  main.focus();
});
byId("keys").addEventListener("click", showShortcuts);
byId("sign-out").addEventListener("click", async () => {
  try {
    await session.end();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) return showError(error, () => void showPage());
  }
  announce("You are signed out.");
  signIn(false);
});
void start();
