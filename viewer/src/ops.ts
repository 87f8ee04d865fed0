// The operators' page at /ops: the session, and the view that the address names.

import "./studio/language";

import type { Session } from "./api";
import { RANGES, readView, type View, writeView } from "./ops/address";
import { type Dashboard, dashboard } from "./ops/dashboard";
import { listenKeys, showKeys } from "./ops/keys";
import { byId, make } from "./page";
import { announce } from "./studio/announce";
import { onSignedOut, Problem, session, wordsOf } from "./studio/api";
import { showSignIn } from "./studio/sign-in";
import { button } from "./studio/widgets";

const main = byId("main");
let who: Session | undefined;
let leave = new AbortController();
let shown: Dashboard | undefined;
let view: View = readView(location.hash);

async function start(): Promise<void> {
  try {
    welcome(await session.show());
  } catch (error) {
    if (error instanceof Problem && error.status === 401) signIn(false);
    else showError(error);
  }
}

function welcome(session: Session): void {
  who = session;
  byId("who").textContent = session.label ? `${session.label} (${session.role})` : session.role;
  document.body.classList.add("signed-in");
  if (session.role === "artist") showWrongRole();
  else showDashboard(session.role === "admin");
}

function showDashboard(isAdmin: boolean): void {
  leave = new AbortController();
  const onRange = (hours: number) => go({ ...view, hours });
  shown = dashboard(main, isAdmin, view, onRange, leave.signal);
}

function signIn(isReturning: boolean): void {
  who = shown = undefined;
  leave.abort();
  document.body.classList.remove("signed-in");
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  main.removeAttribute("aria-busy");
  // The address stays: the operator continues there after signing in.
  showSignIn(main, isReturning, welcome, "Girasol operations");
}

function showWrongRole(): void {
  const command = make("code", {}, "girasol key create --role metrics --label wall");
  showAlone(
    "This key is an artist’s",
    make("p", {}, "Operations are for keys of the roles metrics and admin. Sign out, and sign in with one of those."),
    make("p", { class: "quiet" }, "The operator of the server makes one: ", command),
  );
}

function showError(error: unknown): void {
  const again = make(
    "div",
    { class: "actions" },
    button("Try again", () => start()),
  );
  showAlone("The figures cannot be shown", make("p", { role: "alert" }, wordsOf(error)), again);
}

function showAlone(title: string, ...content: Node[]): void {
  const heading = make("h1", { tabindex: -1 }, title);
  main.removeAttribute("aria-busy");
  main.replaceChildren(make("div", { class: "page panel" }, heading, ...content));
  document.title = `${title} · Girasol operations`;
  heading.focus();
}

function go(next: View): void {
  location.hash = writeView(next);
}

/** Brings the page to what the address says. */
function showView(): void {
  view = readView(location.hash);
  document.body.classList.toggle("wall", view.isWall);
  const wall = byId("wall");
  wall.setAttribute("aria-pressed", String(view.isWall));
  wall.textContent = view.isWall ? "Leave the wall" : "Wall";
  shown?.show(view);
}

const toggleWall = () => go({ ...view, isWall: !view.isWall });
addEventListener("hashchange", showView);
onSignedOut(() => who && signIn(true));
byId("skip").addEventListener("click", (event) => {
  // The # says what is shown; this is a place on the page.
  event.preventDefault();
  main.focus();
});
byId("wall").addEventListener("click", toggleWall);
byId("keys").addEventListener("click", showKeys);
listenKeys({
  wall: toggleWall,
  leaveWall: () => view.isWall && go({ ...view, isWall: false }),
  range: (at) => RANGES[at] && go({ ...view, hours: RANGES[at][0] }),
});
byId("sign-out").addEventListener("click", async () => {
  try {
    await session.end();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) return showError(error);
  }
  announce("You are signed out.");
  signIn(false);
});
showView();
void start();
