// Vitals: how a visit went, for the shop's own server. Numbers and a configuration, nothing of a person.

/** Milliseconds count from when the spin came near the viewport. What did not happen is left out. */
export interface Vitals {
  schema: "girasol.vitals/1";
  configuration?: string | undefined;
  tier?: string | undefined;
  /** First frame painted; first tier that turns; the last one whole. */
  frame_ms?: number;
  spin_ms?: number;
  full_ms?: number;
  /** The slowest switch, from choice to paint, and how many there were. */
  switch_ms?: number;
  switches?: number;
  /** Paints of a turning piece, and those that showed the very frame that was wanted. */
  turned?: number;
  wanted?: number;
  /** Encoded bytes of the frames that were taken in. */
  bytes?: number;
  errors?: number;
}

const MOST = 1e9;

/** Sends what there is; `src` is the sequence's address, whose server is told. */
export function sendVitals(src: string, vitals: Vitals): void {
  const bounded = Object.entries(vitals).map(([name, value]) => [
    name,
    typeof value === "number" ? Math.min(MOST, Math.round(value)) : value,
  ]);
  navigator.sendBeacon?.(
    src.replace(/products\/customizable.*/, "vitals"),
    JSON.stringify(Object.fromEntries(bounded)),
  );
}
