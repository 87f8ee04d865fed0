import assert from "node:assert/strict";
import { test } from "node:test";
import { snippetOf } from "./snippet";

test("the_lines_for_a_page_name_the_servers_own_addresses_and_a_picture_in_the_frames_proportions", () => {
  assert.equal(
    snippetOf("ring.solitaire.metal-rose-gold.stone-ruby", "https://spins.example", [2000, 1500]),
    `<script type="module" src="https://spins.example/girasol-spin.js"></script>
<girasol-spin
  src="https://spins.example/api/products/customizable/ring.solitaire.metal-rose-gold.stone-ruby/sequence"
  alt="Solitaire: Rose Gold, Ruby">
  <img src="https://spins.example/still/ring.solitaire.metal-rose-gold.stone-ruby.webp" width="640" height="480" alt="Solitaire: Rose Gold, Ruby">
</girasol-spin>`,
  );
});
