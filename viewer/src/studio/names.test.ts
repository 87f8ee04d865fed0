import assert from "node:assert/strict";
import { test } from "node:test";
import { slugged, wrongChoice, wrongOption, wrongProduct } from "./names";

test("names_that_the_server_takes_are_taken", () => {
  for (const name of ["ring.solitaire", "ear-ring.halo-2"]) assert.equal(wrongProduct(name), undefined, name);
  for (const name of ["metal", "carat2"]) assert.equal(wrongOption(name), undefined, name);
  for (const name of ["rose-gold", "18k", "1-5"]) assert.equal(wrongChoice(name), undefined, name);
});

test("names_that_the_server_refuses_are_told_at_once", () => {
  for (const name of ["", "ring", "ring.", "ring.a.b", "Ring.solitaire", "ring.status", "ring.a--b"]) {
    assert.ok(wrongProduct(name), name);
  }
  for (const name of ["", "2metal", "Metal", "my-metal", "a".repeat(33)]) assert.ok(wrongOption(name), name);
  for (const name of ["", "Rose", "rose gold", "-gold", "a".repeat(65)]) assert.ok(wrongChoice(name), name);
});

test("what_was_meant_is_guessed", () => {
  assert.equal(slugged(" Rose Gold "), "rose-gold");
  assert.equal(slugged("Pavé_Band"), "pave-band");
});
