// The lists below the products on the overview: wanted configurations, and the latest frame sets.

import type { Choices, Frameset, Job, Wanted } from "../api";
import { count, make } from "../page";
import { DEMAND_CSV } from "./api";
import { jobInWords, resultLink } from "./job-panel";
import { startSet } from "./new-set";
import { setHash } from "./routes";
import { badge, button, link, panel } from "./widgets";
import { agoOf, dateOf, pieceInWords, sizeOf, titleOf } from "./words";

const RECENT = 12;
const WANTED = 10;

/** The configurations that visitors requested and that have no spin. */
export function wantedPanel(wanted: Wanted[], sets: Frameset[]): HTMLElement {
  const rows = wanted.slice(0, WANTED).map(({ configuration, product, choices, asked, last }) => {
    const name = pieceInWords(product, choices);
    const open = sets.find(
      (set) => set.state === "open" && set.product === product && sameChoices(set.choices, choices),
    );
    const start = open
      ? link("Continue with its frames", setHash(open.id), { "data-key": `wanted ${configuration}` })
      : button("Start a frame set", () => startSet(product, choices), {
          class: "plain small",
          "aria-label": `Start a frame set for ${name}`,
          "data-key": `wanted ${configuration}`,
        });
    return make(
      "tr",
      { "data-wanted": configuration },
      make("td", {}, name),
      make("td", {}, count(asked, "time")),
      make("td", { class: "quiet" }, make("time", { title: dateOf(last) }, agoOf(last))),
      make("td", {}, start),
    );
  });
  const heads = ["Configuration", "Requests", "Last", "Next step"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  const all = wanted.length > WANTED ? `All ${wanted.length} as a table` : "As a table";
  return panel(
    "Wanted by visitors",
    { id: "wanted" },
    make("p", { class: "quiet" }, "Visitors chose these configurations and saw the nearest one that has a spin."),
    make("div", { class: "scroll" }, table),
    make(
      "div",
      { class: "actions" },
      link(`${all} (CSV)`, DEMAND_CSV, { download: "demand.csv", "data-key": "demand" }),
    ),
  );
}

function sameChoices(one: Choices, other: Choices): boolean {
  const names = Object.keys({ ...one, ...other });
  return names.every((name) => one[name] === other[name]);
}

export function recentPanel(sets: Frameset[], jobs: Job[]): HTMLElement {
  const rows = sets.slice(0, RECENT).map((set) => {
    const job = jobs.find(({ frameset }) => frameset === set.id);
    const result = job && resultLink(job);
    const kind = !job ? "open" : job.state;
    return make(
      "tr",
      { "data-set": set.id },
      make("td", {}, link(pieceInWords(set.product, set.choices), setHash(set.id), { "data-key": set.id })),
      make("td", {}, `${count(set.frames, "frame")}, ${sizeOf(set.bytes)}`),
      make("td", {}, badge(titleOf(set.state === "open" ? "open" : (job?.state ?? "committed")), kind)),
      make("td", {}, result ?? (job ? jobInWords(job) : "takes frames")),
      make(
        "td",
        { class: "quiet" },
        make("time", { title: dateOf(job?.changed ?? set.opened) }, agoOf(job?.changed ?? set.opened)),
      ),
    );
  });
  const heads = ["Frame set", "Frames", "State", "Detail", "When"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  return panel("Recent frame sets", { id: "recent" }, make("div", { class: "scroll" }, table));
}
