import assert from "node:assert/strict";
import { test } from "node:test";
import { deploymentsOf } from "./plots-grid";

const start = (program: string, deployment: boolean) => ({
  at: "2026-11-27T10:00:00Z",
  program,
  processes: 1,
  deployment,
});

test("what_runs_and_what_was_deployed_is_said_in_words", () => {
  const line = (name: string, values: (number | null)[]) => ({ name, values });
  const lines = [line("1 (a)", [2, 2, null, null, null]), line("2 (b)", [null, null, 2, 2, null])];
  const plot = { figure: "programs", title: "", question: "", unit: "number" as const, bounds: [] };
  const rows = [{ title: "", plots: [{ ...plot, since: "", stepSeconds: 60, lines }] }];
  const words = deploymentsOf({ rows, starts: [start("1 (a)", false), start("2 (b)", true)] });
  assert.ok(
    words.startsWith("Running: 2 (b). 1 deployment in this time, the last one of 2 (b) at 27 Nov 2026, "),
    words,
  );
  const restarted = deploymentsOf({ rows: [], starts: [start("1 (a)", false), start("1 (a)", false)] });
  assert.equal(restarted, "2 starts and no deployment in this time.");
  assert.equal(deploymentsOf({ rows: [], starts: [] }), "");
});
