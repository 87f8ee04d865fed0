import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedAddress } from "./share";

const state = { angle: "90", metal: "rose-gold" };

test("the_state_joins_what_is_in_the_fragment_and_nothing_else_changes", () => {
  const check = (before: string, after: string) =>
    assert.equal(sharedAddress(`https://shop.example${before}`, state), `https://shop.example${after}`);
  check("/ring?id=7", "/ring?id=7#angle=90&metal=rose-gold");
  check("/ring#", "/ring#angle=90&metal=rose-gold");
  check("/ring#tab=1&angle=10", "/ring#tab=1&angle=90&metal=rose-gold");
});

test("a_fragment_of_the_page_s_own_stays_as_it_is", () => {
  for (const hash of ["#reviews", "#/product/12?tab=1", "#/a=b", "#!/ring", "#:~:text=ring"])
    assert.equal(sharedAddress(`https://shop.example/${hash}`, state), undefined, hash);
});
