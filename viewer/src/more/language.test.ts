import assert from "node:assert/strict";
import { test } from "node:test";
import { languages } from "../girasol-spin.words";
import { keysOf } from "./language";

test("a_tag_finds_the_nearest_language_that_there_is", () => {
  const found = (tag: string) => keysOf(tag).find((key) => key in languages);
  const cases = {
    "de-CH": "de",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "zh-CN": "zh",
    zh: "zh",
    "pt-PT": "pt-PT",
    pt: "pt",
    no: "no",
  };
  for (const [tag, key] of Object.entries(cases)) assert.equal(found(tag), key, tag);
  for (const tag of ["", "x", "de_DE.UTF-8", "tlh"]) assert.equal(found(tag), undefined, tag);
});

test("english_is_known_without_the_browser_s_data_about_tags", () => {
  const { Locale } = Intl;
  Reflect.set(Intl, "Locale", undefined);
  try {
    for (const tag of ["en", "en-GB", "EN-us"]) assert.deepEqual(keysOf(tag), ["en"], tag);
    assert.deepEqual(keysOf("enm"), []);
  } finally {
    Reflect.set(Intl, "Locale", Locale);
  }
});

test("every_language_has_every_word_and_a_place_for_the_angle", () => {
  const names = Object.keys(languages.de!).sort();
  for (const [language, words] of Object.entries(languages)) {
    assert.deepEqual(Object.keys(words).sort(), names, language);
    assert.ok(Object.values(words).every(Boolean), language);
    assert.ok(words.degrees.includes("#"), language);
  }
});
