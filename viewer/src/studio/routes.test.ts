import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf, parseRoute } from "./routes";

const SET = "0123456789abcdef0123456789abcdef";
const RING = "ring.solitaire.metal-rose-gold";

test("an_address_comes_back_as_it_was_written", () => {
  for (const hash of [
    "#/products",
    `#/sets/${SET}`,
    `#/configurations/${RING}`,
    `#/configurations/${RING}/versions/3`,
    `#/configurations/${RING}/versions/3?tier=standard-24&format=webp`,
    `#/configurations/${RING}/compare/3/4?tier=hd`,
  ]) {
    assert.equal(hashOf(parseRoute(hash)), hash);
  }
});

test("what_is_no_address_leads_to_the_products", () => {
  for (const hash of ["", "#", "#/sets/12", "#/sets/../x", "#/configurations/", "#/nowhere/at/all"]) {
    assert.equal(parseRoute(hash).at, "products", hash);
  }
  assert.equal(hashOf(parseRoute(`#/configurations/${RING}/compare/3/x`)), `#/configurations/${RING}`);
});
