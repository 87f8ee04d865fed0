import assert from "node:assert/strict";
import { test } from "node:test";
import { mendLanguage } from "./language";

const of = (language: string, ...languages: string[]) => {
  const browser = { language, languages } as unknown as Navigator;
  mendLanguage(browser);
  new Intl.NumberFormat(browser.language).format(1);
  return browser.language;
};

test("a_language_that_is_no_valid_tag_gives_way_to_one_that_is", () => {
  for (const wrong of ["C.UTF-8", "en-US@posix", "", "en_US"]) assert.equal(of(wrong), "en", wrong);
  assert.equal(of("C", "C", "de-AT"), "de-AT");
});

test("a_valid_language_stays", () => {
  assert.equal(of("fr-CA", "fr-CA", "en"), "fr-CA");
});
