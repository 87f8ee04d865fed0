import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../fixture";
import { choicesOf, configurationOf, optionsOf, withChoices } from "./address";

const AT = "https://cdn.example/api/products/customizable/";
const YELLOW = `${AT}ring.solitaire.metal-yellow-gold.stone-diamond/sequence`;

test("an_address_names_a_configuration_and_its_choices", () => {
  assert.equal(configurationOf(`${YELLOW}?format=webp`), "ring.solitaire.metal-yellow-gold.stone-diamond");
  assert.equal(configurationOf("/m/9f3c.json"), undefined);
  assert.equal(configurationOf("/preview/token/sequence"), undefined);
  assert.deepEqual(choicesOf("ring.solitaire.metal-yellow-gold.stone-diamond"), {
    metal: "yellow-gold",
    stone: "diamond",
  });
});

test("another_choice_takes_its_place_in_the_address", () => {
  const check = (chosen: object, url: string | undefined) =>
    assert.equal(withChoices(YELLOW, chosen as Record<string, string>), url);
  check({}, YELLOW);
  check({ metal: "yellow-gold" }, YELLOW);
  check({ metal: "rose-gold" }, `${AT}ring.solitaire.metal-rose-gold.stone-diamond/sequence`);
  check({ metal: "platinum", stone: "ruby" }, `${AT}ring.solitaire.metal-platinum.stone-ruby/sequence`);
  check({ carat: "one" }, undefined);
  assert.equal(withChoices("/m/9f3c.json", { metal: "rose-gold" }), "/m/9f3c.json");
});

test("an_option_that_ids_leave_out_is_found_among_the_siblings", () => {
  const manifest = manifestOf();
  manifest.configuration = "ring.solitaire.metal-yellow-gold.stone-diamond";
  manifest.siblings = [
    {
      configuration: "ring.solitaire.metal-yellow-gold.stone-diamond.carat-two",
      choices: { carat: "two" },
      digest: "",
      sets: {},
    },
  ];
  assert.deepEqual(optionsOf(YELLOW, manifest), ["metal", "stone", "carat"]);
  assert.equal(
    withChoices(YELLOW, { carat: "two" }, manifest),
    `${AT}ring.solitaire.metal-yellow-gold.stone-diamond.carat-two/sequence`,
  );
});
