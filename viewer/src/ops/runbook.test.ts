import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sectionsOf } from "./runbook";

test("a_section_has_the_paragraphs_below_its_alert", () => {
  const sections = sectionsOf(
    "# Runbook\n\nAll.\n\n## Answers\n\n### disk-low\n\nOne\nline.\n\n**Do.** It.\n\n### other\n",
  );
  assert.deepEqual(sections, { "disk-low": ["One\nline.", "**Do.** It."], other: [] });
});

test("the_runbook_has_a_section_for_every_alert_that_it_leads_to", () => {
  // Tests run in `viewer`.
  const text = readFileSync("../docs/runbook.md", "utf8");
  const sections = sectionsOf(text);
  assert.ok(Object.keys(sections).length > 20);
  for (const [, target] of text.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(sections[target!], target);
});
