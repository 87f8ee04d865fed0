import assert from "node:assert/strict";
import { test } from "node:test";
import { snippetOf } from "./snippet";

test("the_lines_for_a_page_name_the_servers_own_addresses", () => {
  assert.equal(
    snippetOf("ring.solitaire.metal-rose-gold.stone-ruby", "https://spins.example"),
    `<script type="module" src="https://spins.example/girasol-spin.js"></script>
<girasol-spin
  src="https://spins.example/api/products/customizable/ring.solitaire.metal-rose-gold.stone-ruby/sequence"
  alt="Solitaire: Rose Gold, Ruby"></girasol-spin>`,
  );
});
