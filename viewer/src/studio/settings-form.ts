// The settings of a frame set. Each change is saved at once.

import type { Frameset, Settings } from "../api";
import { make } from "../page";
import { sets, wordsOf } from "./api";
import { field, panel, select } from "./widgets";

const EFFORTS: [string, string][] = [
  ["", "as configured"],
  ["default", "default"],
  ["max", "max: several times as long"],
];
const GROUNDS: [string, string][] = [
  ["", "white where transparent"],
  ["transparent", "transparent"],
  ["colour", "a colour"],
];
const DIRECTIONS: [string, string][] = [
  ["no", "counter-clockwise"],
  ["yes", "clockwise"],
];
const WHITE = "#ffffff";
const OPAQUE =
  "These frames have a ground of their own, which cannot be made transparent: Encode would refuse them. Send frames that are cut out, or choose another ground.";
const COST =
  "Kept transparent, the same bytes show 9 to 16 points less quality. Where the page has one colour, choose that colour; on a white page, white costs nothing.";

export interface SettingsForm {
  element: HTMLElement;
  /** The settings as they are. */
  now(): Settings;
  /** Changes angles from elsewhere on the page. */
  setAngles(angles: { hero?: number; start?: number }): Promise<void>;
  /** Whether most frames are transparent. */
  noteTransparent(isTransparent: boolean): void;
}

/** The form; it is read-only for a committed set. */
export function settingsForm(set: Frameset, onChange: () => void = () => {}): SettingsForm {
  let { settings } = set;
  /** Unknown until the frames are checked. */
  let isTransparent: boolean | undefined;
  const saved = make("p", { class: "quiet small", role: "status", id: "settings-status" });
  const fields = make("fieldset", { class: "settings", disabled: set.state === "committed" });
  const angle = (name: "hero" | "start") =>
    make("input", {
      type: "number",
      id: name,
      min: -360,
      max: 360,
      step: "any",
      value: settings[name],
      inputmode: "decimal",
    });
  const hero = angle("hero");
  const start = angle("start");
  const clockwise = select(DIRECTIONS, settings.clockwise ? "yes" : "no", { id: "clockwise" });
  const isColour = !!settings.ground && settings.ground !== "transparent";
  const ground = select(GROUNDS, isColour ? "colour" : (settings.ground ?? ""), { id: "ground" });
  const colour = make("input", {
    type: "color",
    id: "ground-colour",
    value: isColour ? settings.ground! : WHITE,
    "aria-label": "Colour of the ground",
  });
  colour.hidden = !isColour;
  const denoise = make("input", { type: "checkbox", id: "denoise", checked: settings.denoise });
  const effort = select(EFFORTS, settings.effort ?? "", { id: "effort" });

  const save = async (changes: Partial<Settings>) => {
    saved.classList.remove("error");
    try {
      settings = (await sets.change(set.id, changes)).settings;
      saved.textContent = "Saved.";
      onChange();
    } catch (error) {
      saved.classList.add("error");
      saved.textContent = `Not saved. ${wordsOf(error)}`;
    }
  };
  const saveAngle = (input: HTMLInputElement, name: "hero" | "start") => () => {
    const value = input.valueAsNumber;
    const isAngle = value >= -360 && value <= 360;
    input.setAttribute("aria-invalid", String(!isAngle));
    if (isAngle) return save({ [name]: value });
    saved.classList.add("error");
    saved.textContent = "An angle is from -360 to 360 degrees.";
    return undefined;
  };
  const cost = make("p", { class: "note small", id: "ground-cost", role: "status", hidden: true });
  const drawCost = () => {
    const isKept = ground.value === "transparent" && isTransparent !== undefined;
    cost.hidden = !isKept;
    cost.textContent = isKept ? (isTransparent ? COST : OPAQUE) : "";
  };
  const saveGround = () => {
    drawCost();
    colour.hidden = ground.value !== "colour";
    return save({ ground: ground.value === "colour" ? colour.value : ground.value || null });
  };
  hero.addEventListener("change", saveAngle(hero, "hero"));
  start.addEventListener("change", saveAngle(start, "start"));
  clockwise.addEventListener("change", () => save({ clockwise: clockwise.value === "yes" }));
  ground.addEventListener("change", saveGround);
  colour.addEventListener("change", saveGround);
  denoise.addEventListener("change", () => save({ denoise: denoise.checked }));
  effort.addEventListener("change", () => save({ effort: (effort.value || null) as Settings["effort"] }));

  fields.append(
    field("Hero angle, degrees", hero, "Stands for the piece where only one picture does."),
    field("First frame, degrees", start),
    field("Turns, seen from above", clockwise),
    make("div", { class: "ground-fields" }, field("Ground", ground), colour),
    cost,
    field("Effort", effort),
    make("label", { class: "check" }, denoise, make("span", {}, "Remove the noise of a photograph")),
  );
  return {
    element: panel("Settings", { id: "settings" }, fields, saved),
    now: () => settings,
    setAngles: async (angles) => {
      if (angles.hero !== undefined) hero.value = String(angles.hero);
      if (angles.start !== undefined) start.value = String(angles.start);
      await save(angles);
    },
    noteTransparent: (now) => {
      isTransparent = now;
      drawCost();
    },
  };
}
