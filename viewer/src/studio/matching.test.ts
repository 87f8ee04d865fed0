import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListedOption } from "../api";
import { choicesIn } from "./matching";

const option = (name: string, ...values: string[]): ListedOption => ({
  name,
  label: name,
  default: values[0]!,
  choices: values.map((value) => ({ value, label: value.replace("-", " "), swatch: null })),
});
const metal = option("metal", "yellow-gold", "rose-gold", "white-gold", "platinum");
const stone = option("stone", "diamond", "ruby");

test("a_folder_names_a_choice_in_the_ways_that_artists_write_it", () => {
  for (const [folder, meant] of [
    ["rose-gold", "rose-gold"],
    ["renders/Rose Gold", "rose-gold"],
    ["14k rose", "rose-gold"],
    ["14k_RG", "rose-gold"],
    ["solitaire_platinum_v2", "platinum"],
    ["Plat", "platinum"],
    ["PT950", "platinum"],
    ["roseGold.zip", "rose-gold"],
  ]) {
    assert.deepEqual(choicesIn(folder!, [metal]), { metal: meant }, folder);
  }
});

test("several_options_are_read_from_one_name_and_what_is_not_clear_stays_open", () => {
  assert.deepEqual(choicesIn("ring rose-gold ruby", [metal, stone]), { metal: "rose-gold", stone: "ruby" });
  assert.deepEqual(choicesIn("gold", [metal, stone]), {});
  assert.deepEqual(choicesIn("frames", [metal]), {});
});
