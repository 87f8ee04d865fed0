// What is wrong, what to do about it, and quiet while a person does it.

import type { Alert, AlertEvent, AlertList, PlannedLaunch } from "../api";
import { count, make } from "../page";
import { announce } from "../studio/announce";
import { badge, button, field, openDialog, select } from "../studio/widgets";
import { agoOf, dateOf } from "../studio/words";
import { alerts } from "./api";
import { launchesList } from "./launches-list";
import { paragraphOf, type Runbook } from "./runbook";
import { inOrder } from "./verdict";

const MINUTES: [string, string][] = [
  ["30", "30 minutes"],
  ["60", "1 hour"],
  ["240", "4 hours"],
  ["1440", "1 day"],
  ["10080", "1 week"],
];
const LATELY = 20;
const UNWATCHED = "Servers do not evaluate alerts: alerts.enabled is false. Look at what does, as Prometheus.";
/** How long a time in words is true. */
const FRESH_MS = 30_000;

export interface AlertsPanel {
  element: HTMLElement;
  /** `isWatched`: whether servers evaluate the rules of alerts. */
  show(list: AlertList, launches: PlannedLaunch[], isWatched: boolean): void;
}

/** `isAdmin`: who may change anything. `onChange` gets what the server has after a change, `onPlan` follows a launch's. */
export function alertsPanel(
  runbook: Runbook,
  isAdmin: boolean,
  onChange: (list: AlertList) => void,
  onPlan: () => unknown,
): AlertsPanel {
  const title = make("h2", { id: "alerts-title" }, "Alerts");
  const open = make("ul", { id: "alerts", class: "alerts" });
  const silences = make("ul", { class: "silences small" });
  const launches = launchesList(isAdmin, onPlan);
  const past = make("ol", { class: "past small" });
  const lately = make("details", {}, make("summary", {}, "What became of alerts lately"), past);
  const element = make(
    "section",
    { class: "panel alerts-panel", "aria-labelledby": title.id },
    title,
    open,
    silences,
    launches.element,
    lately,
  );

  const rowOf = (alert: Alert) => {
    const { name, subject, severity, state, silenced, text, since } = alert;
    const kind = silenced || state === "pending" ? "pending" : severity === "critical" ? "failed" : "warns";
    const word = silenced ? "silenced" : state === "pending" ? "pending" : (severity ?? "alert");
    const actions = make(
      "div",
      { class: "actions" },
      button("What to do", () => openRunbook(name), { class: "plain small" }),
    );
    if (isAdmin && !silenced) {
      actions.append(button("Silence", () => openSilence(alert), { class: "plain small" }));
    }
    return make(
      "li",
      { "data-alert": name, "data-kind": kind },
      make("div", { class: "what" }, badge(word, kind), " ", make("b", {}, name), subject ? ` ${subject}` : ""),
      make("p", {}, text || name, " ", make("span", { class: "quiet" }, `Since ${agoOf(since)}.`)),
      actions,
    );
  };

  const openRunbook = (name: string) => {
    const { dialog, close } = openDialog(name);
    dialog.classList.add("wide");
    const paragraphs = (runbook[name] ?? ["The runbook has no section for this alert."]).map((text) =>
      paragraphOf(text, (other) => {
        close();
        openRunbook(other);
      }),
    );
    dialog.append(make("div", { class: "runbook" }, ...paragraphs));
    dialog.append(make("div", { class: "actions" }, button("Close", close, { autofocus: true })));
    dialog.querySelector<HTMLElement>(".actions > button")?.focus();
  };

  const openSilence = ({ name, subject }: Alert) => {
    const minutes = select(MINUTES, "60", { name: "minutes" });
    const reason = make("input", { type: "text", name: "reason", maxlength: 200, autocomplete: "off" });
    const form = make(
      "form",
      { method: "dialog" },
      make(
        "p",
        {},
        `Channels are not notified of ${subject ? `${name} about ${subject}` : name} meanwhile. It goes on by itself.`,
      ),
      field("For", minutes),
      field("Why", reason, "For those who look later."),
    );
    const { dialog, close } = openDialog(`Silence ${name}`, form);
    const sure = button(
      "Silence",
      async () => {
        onChange(await alerts.silence(name, Number(minutes.value), reason.value.trim(), subject));
        announce(`${name} is silenced.`);
        close();
      },
      { "data-confirm": true },
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sure.click();
    });
    dialog.append(make("div", { class: "actions" }, button("Cancel", close, { class: "plain" }), sure));
    minutes.focus();
  };

  let shown = "";
  let at = 0;
  return {
    element,
    show(list, planned, isWatched) {
      // What has not changed stays, and so does the focus in it; only times become older.
      const now = JSON.stringify([list, planned, isWatched]);
      const isFresh = Date.now() - at < FRESH_MS || element.contains(document.activeElement);
      if (now === shown && isFresh) return;
      [shown, at] = [now, Date.now()];
      const { alerts: all, silences: quiet, past: events } = list;
      const firing = all.filter(({ state, silenced }) => state === "firing" && !silenced);
      title.textContent = firing.length ? `Alerts: ${firing.length} firing` : "Alerts";
      element.classList.toggle("quiet-now", !all.length);
      open.replaceChildren(
        ...(all.length
          ? inOrder(all).map(rowOf)
          : [make("li", { class: isWatched ? "none" : "none quiet" }, isWatched ? "No alert fires." : UNWATCHED)]),
      );
      silences.replaceChildren(
        ...quiet.map(({ name, subject, until, reason }) => {
          const end = async () => {
            onChange(await alerts.unsilence(name));
            announce(`${name} is not silenced any more.`);
          };
          const words = `${name}${subject ? ` about ${subject}` : ""} is silenced until ${dateOf(until)}${reason ? `: ${reason}` : ""} `;
          return make("li", {}, words, ...(isAdmin ? [button("End", end, { class: "plain small" })] : []));
        }),
      );
      launches.show(planned);
      lately.hidden = !events.length;
      past.replaceChildren(...events.slice(0, LATELY).map(eventRow));
    },
  };
}

function eventRow({ at, name, subject, state, text }: AlertEvent): HTMLElement {
  return make(
    "li",
    {},
    make("time", { datetime: at }, dateOf(at)),
    ` ${name}${subject ? ` (${subject})` : ""} `,
    make("b", {}, state),
    state === "resolved" ? "" : `. ${text}`,
  );
}

/** In words, for the title of the tab. */
export function firingWords(list: AlertList | undefined): string {
  const firing = list?.alerts.filter(({ state, silenced }) => state === "firing" && !silenced).length ?? 0;
  return firing ? `(${count(firing, "alert")}) ` : "";
}
