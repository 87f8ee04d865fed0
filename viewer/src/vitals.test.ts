import assert from "node:assert/strict";
import { test } from "node:test";
import { createVitals } from "./vitals";

const SRC = "https://spins.example/api/products/customizable/ring.band.metal-gold/sequence";

/** Runs a view, and returns what was sent: addresses and reports. */
function sentBy(view: (vitals: ReturnType<typeof createVitals>) => void): [string, unknown][] {
  const sent: [string, unknown][] = [];
  const sendBeacon = (url: string, body: string) => sent.push([url, JSON.parse(body)]);
  Object.defineProperty(globalThis, "navigator", { value: { sendBeacon }, configurable: true });
  view(createVitals());
  return sent;
}

test("each_view_is_reported_by_itself_to_the_server_of_the_sequence", () => {
  const sent = sentBy((vitals) => {
    vitals.add("bytes", 10);
    vitals.add("bytes", 5);
    vitals.addSwitch(80.4);
    vitals.addSwitch(20);
    vitals.end(SRC, "ring.band.metal-gold", "standard");
    vitals.add("errors");
    vitals.end(SRC, "ring.band.metal-gold", "preview");
  });
  const common = { schema: "girasol.vitals/1", configuration: "ring.band.metal-gold" };
  assert.deepEqual(sent, [
    ["https://spins.example/api/vitals", { ...common, tier: "standard", bytes: 15, switches: 2, switch_ms: 80 }],
    ["https://spins.example/api/vitals", { ...common, tier: "preview", errors: 1 }],
  ]);
});

test("a_view_without_measurements_or_without_a_sequence_is_not_reported", () => {
  const sent = sentBy((vitals) => {
    vitals.end(SRC, "ring.band.metal-gold", "standard");
    vitals.add("errors");
    vitals.end(false);
  });
  assert.deepEqual(sent, []);
});
