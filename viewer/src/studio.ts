// The artists' studio at /studio: the session, and the page that the address names.

import "./studio/language";

import type { Session } from "./api";
import { byId, count, make } from "./page";
import { announce } from "./studio/announce";
import { onSignedOut, Problem, session, wordsOf } from "./studio/api";
import { showCompare } from "./studio/compare";
import { showConfiguration } from "./studio/configuration";
import { showOverview } from "./studio/overview";
import { parseRoute, type Route, setHash } from "./studio/routes";
import { showSet } from "./studio/set-page";
import { listenShortcuts, showShortcuts } from "./studio/shortcuts";
import { showSignIn } from "./studio/sign-in";
import { noteOffline, onTransfers, resumeAfterSignIn, resumeOnline, transfersUnderWay } from "./studio/transfer";
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
  resumeAfterSignIn();
  void showPage();
}

function signIn(isReturning: boolean): void {
  who = undefined;
  leave.abort();
  document.body.classList.remove("signed-in");
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  isFirst = false;
  main.removeAttribute("aria-busy");
  // The address stays: the artist continues there after signing in.
  showSignIn(main, isReturning, welcome);
}

/** Shows the page that the address names. */
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

/** Puts the page's title on the tab and the focus on it, so that a screen reader announces the page. */
function arrive(page: HTMLElement): void {
  const heading = page.querySelector("h1");
  document.title = `${heading?.textContent ?? "Studio"} · Girasol studio`;
  scrollTo(0, 0);
  if (!isFirst) heading?.focus({ preventScroll: true });
  isFirst = false;
}

function showError(error: unknown, again: () => void): void {
  const isMissing = error instanceof Problem && error.status === 404;
  const heading = make("h1", { tabindex: -1 }, isMissing ? "This page does not exist" : "The page cannot be shown");
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

/** Uploads continue while the artist works on another page; the header lists them. */
function drawTransfers(): void {
  const links = transfersUnderWay().map(({ set, left, label, waits }) =>
    link(`${waits ? "Waiting" : "Uploading"}: ${label ? `${label}, ` : ""}${count(left, "file")}`, setHash(set)),
  );
  byId("transfers").replaceChildren(...links);
}

addEventListener("hashchange", () => void showPage());
addEventListener("beforeunload", (event) => {
  if (transfersUnderWay().length) event.preventDefault();
});
// The browser would open files that miss the drop target in place of the studio.
for (const kind of ["dragover", "drop"] as const) {
  addEventListener(kind, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
}
addEventListener("online", resumeOnline);
addEventListener("offline", noteOffline);
onSignedOut(() => who && signIn(true));
onTransfers(drawTransfers);
listenShortcuts();
byId("skip").addEventListener("click", (event) => {
  // The # names a page of the studio; this is a place on it.
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
