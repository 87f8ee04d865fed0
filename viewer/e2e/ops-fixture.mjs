// Answers of a server that has measured for days, in the shapes of its API: a shop at night, by day, and while something is wrong.

const MINUTE = 60_000;

/** The same numbers each time. */
function noise(seed) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const stamp = (ms) => new Date(ms).toISOString();

/** Values over the day: more by day than at night, and some noise. */
function line(name, steps, level, spread, seed, of = (value) => value) {
  const random = noise(seed);
  const values = Array.from({ length: steps }, (_, step) => {
    const day = 0.65 + 0.35 * Math.sin((2 * Math.PI * step) / steps - 1.2);
    return of(Number((level * day * (1 + spread * (random() - 0.5))).toPrecision(4)), step);
  });
  return { name, values };
}

const flat = (name, steps, level, spread, seed) => {
  const random = noise(seed);
  const value = () => Number((level * (1 + spread * (random() - 0.5))).toPrecision(4));
  return { name, values: Array.from({ length: steps }, value) };
};

/** Plots up to a moment. `isEmpty`: of a server that has just started. */
export function plotsAt(now, hours = 6, { isEmpty = false, launches = [] } = {}) {
  const stepMinutes = hours <= 4 ? 1 : hours <= 20 ? 5 : hours <= 24 ? 10 : hours <= 240 ? 60 : 180;
  const until = now - (now % MINUTE) - MINUTE;
  const steps = (hours * 60) / stepMinutes;
  const since = until - hours * 60 * MINUTE;
  const plot = (figure, title, question, unit, lines, bounds = []) => ({
    figure,
    title,
    question,
    unit,
    since: stamp(since),
    stepSeconds: stepMinutes * 60,
    lines: isEmpty ? [] : lines,
    bounds: bounds.map(([alert, severity, value]) => ({ alert, severity, value })),
  });
  const by = (figure, title, question, unit, lines) => ({
    ...plot(figure, title, question, unit, lines(24)),
    since: stamp(now - (now % (60 * MINUTE)) - 23 * 60 * MINUTE),
    stepSeconds: 3600,
  });
  const spike = (value, step) => (step > steps * 0.7 && step < steps * 0.76 ? value * 4.2 : value);
  const gap = (value, step) => (step === Math.floor(steps * 0.4) ? null : value);
  const sequence = "/api/products/customizable/{configuration}/sequence";
  return {
    hours,
    until: stamp(until),
    rows: [
      {
        title: "Visitors",
        plots: [
          plot("requests", "Requests", "How much is asked, and for what?", "per-second", [
            line("/s/{set}/{file}", steps, 240, 0.2, 1, gap),
            line(sequence, steps, 42, 0.2, 2, gap),
            line("/p/{file}", steps, 31, 0.2, 3, gap),
            line("/api/vitals", steps, 12, 0.3, 4, gap),
          ]),
          plot(
            "latency",
            "Latency of manifests and frames",
            "Are answers as fast as promised? The P95 has to stay under 300 ms.",
            "milliseconds",
            [
              flat("P50", steps, 0.6, 0.2, 5),
              { ...flat("P95", steps, 38, 0.3, 6), values: flat("", steps, 38, 0.3, 6).values.map(spike) },
              { ...flat("P99", steps, 62, 0.4, 7), values: flat("", steps, 62, 0.4, 7).values.map(spike) },
            ],
            [
              ["latency-critical", "critical", 300],
              ["latency-warning", "warning", 250],
            ],
          ),
          plot(
            "errors",
            "Errors",
            "Which share of manifests and frames fails?",
            "percent",
            [flat("errors", steps, 0.02, 2, 8)],
            [
              ["errors-critical", "critical", 1],
              ["errors-warning", "warning", 0.5],
            ],
          ),
          plot("classes", "Delivery classes", "Which tiers and formats do visitors get?", "per-second", [
            line("standard avif", steps, 26, 0.2, 9),
            line("hd avif", steps, 9, 0.2, 10),
            line("standard-24 avif", steps, 5, 0.3, 11),
            line("preview webp", steps, 2, 0.5, 12),
          ]),
        ],
      },
      {
        title: "In browsers",
        plots: [
          by("first-frame", "First frame", "How long do visitors wait for the first picture?", "seconds", (count) => [
            flat("P50", count, 0.18, 0.2, 13),
            flat("P75", count, 0.31, 0.2, 14),
            flat("P95", count, 0.94, 0.3, 15),
          ]),
          by(
            "wanted",
            "Frames at the wanted angle",
            "Do pieces follow the hand that turns them?",
            "percent",
            (count) => [flat("at the wanted angle", count, 98.4, 0.01, 16)],
          ),
        ],
      },
      {
        title: "Behind the answers",
        plots: [
          plot(
            "hit-rates",
            "Hit rate by level",
            "Where do answers come from?",
            "percent",
            [
              flat("memory", steps, 97.6, 0.01, 17),
              flat("disk", steps, 88, 0.06, 18),
              flat("redis", steps, 71, 0.1, 19),
            ],
            [["hit-rate-low", "warning", 80]],
          ),
        ],
      },
      {
        title: "Work",
        plots: [
          plot("queue", "Queue", "How many jobs wait, and how many run?", "number", [
            { name: "queued", values: flat("", steps, 3, 1, 20).values.map(Math.round) },
            { name: "running", values: flat("", steps, 2, 0.2, 21).values.map(Math.round) },
          ]),
          plot("encodes", "Encodes", "How much is encoded, and how much reused?", "per-second", [
            flat("made", steps, 0.7, 0.6, 22),
            flat("reused", steps, 0.08, 1, 23),
          ]),
          plot("programs", "Versions", "Which program runs, and since when? A step is a deployment.", "number", [
            {
              name: "0.1.0 (4f2a91c)",
              values: Array.from({ length: steps }, (_, at) => (at < steps * 0.55 ? 2 : null)),
            },
            {
              name: "0.1.0 (c72e2f4)",
              values: Array.from({ length: steps }, (_, at) => (at < steps * 0.55 ? null : 2)),
            },
          ]),
        ],
      },
    ],
    starts: isEmpty
      ? []
      : [
          { at: stamp(since + hours * 0.4 * 60 * MINUTE), program: "0.1.0 (4f2a91c)", processes: 1, deployment: false },
          { at: stamp(since + hours * 0.55 * 60 * MINUTE), program: "0.1.0 (c72e2f4)", processes: 2, deployment: true },
        ],
    launches,
    watched: true,
  };
}

const alert = (now, rest) => ({
  name: "",
  severity: "warning",
  state: "firing",
  subject: "",
  text: "",
  value: 1,
  since: stamp(now - 12 * MINUTE),
  fired: stamp(now - 7 * MINUTE),
  notified: stamp(now - 7 * MINUTE),
  silenced: false,
  ...rest,
});

/** What is wrong: nothing, or a purge that a cache does not take and a job that waits. */
export function alertsAt(now, isWrong = false) {
  const purge = alert(now, {
    name: "purge-old",
    severity: "critical",
    subject: "edge",
    text: "A cache in front has not acknowledged a purge: 740 s, more than 60 s.",
    value: 740,
  });
  const queue = alert(now, { name: "queue-old", text: "A job waits for long: 960 s, more than 600 s.", value: 960 });
  const past = { id: 7, at: stamp(now - 7 * MINUTE), since: stamp(now - 12 * MINUTE) };
  return {
    alerts: isWrong ? [queue, purge] : [],
    silences: [],
    past: isWrong
      ? [{ ...past, name: "purge-old", subject: "edge", state: "firing", value: 740, text: purge.text }]
      : [],
  };
}

const latency = { p50Ms: 0.61, p90Ms: 18, p95Ms: 38.4, p99Ms: 61.2 };
const visitors = { requests: 1_020_000, errors: 204, errorRate: 0.0002, perSecond: 283.4, bytes: 1.2e11, latency };
const rule = (name, unit, weight, good, bad, measured, points) => ({ name, unit, weight, good, bad, measured, points });

export function liveAt(now, isEmpty = false) {
  return {
    at: stamp(now),
    visitors: isEmpty ? { requests: 0, errors: 0, perSecond: 0, bytes: 0 } : visitors,
    health: isEmpty
      ? { parts: [] }
      : {
          score: 97.3,
          parts: [
            rule("errors", "%", 30, 0.1, 1, 0.02, 30),
            rule("latency", "ms", 30, 250, 600, 38.4, 30),
            rule("hit rate", "%", 15, 95, 50, 97.6, 15),
            rule("queue age", "s", 10, 60, 1800, 44, 10),
          ],
        },
    trend: { verdict: "stable", values: [12, 12] },
  };
}

const quantiles = (p50, p75, p95) => ({ views: 41_200, p50, p75, p95 });

export function usersAt(now, isEmpty = false) {
  const all = { views: isEmpty ? 0 : 41_200, errors: 3 };
  const measured = { wantedShare: 0.984, frameMs: quantiles(180, 310, 940), switchMs: quantiles(61, 92, 184) };
  return { hours: 24, since: stamp(now), all: { ...all, ...(!isEmpty && measured) }, by: {}, looks: [] };
}

export function healthAt(isWrong = false) {
  const ok = { status: "ok" };
  const parts = {
    background: ok,
    database: ok,
    disk: ok,
    memory: ok,
    queue: isWrong ? { status: "degraded" } : ok,
    store: ok,
  };
  return { status: isWrong ? "degraded" : "ok", version: "0.1.0", parts, tasks: {}, notices: [] };
}

export function reportAt(isEmpty = false) {
  const slow = {
    route: "/api/products/customizable/{configuration}/configure",
    figures: { ...visitors, requests: 840, hitRate: 0.25 },
  };
  return {
    hours: 6,
    slowest: isEmpty ? [] : [slow],
    trend: isEmpty
      ? { verdict: "unknown", values: [0, 0] }
      : { verdict: "stable", values: [12, 12], evidence: { ratio: 1.02, interval: [0.97, 1.06], p: 0.4 } },
    statements: isEmpty ? [] : [{ name: "popularity.refresh", calls: 600, seconds: 9.3, meanMs: 15.5, advice: [] }],
    capacity: isEmpty
      ? []
      : [
          { name: "cpu", used: 0.31, limit: 1, left: 0.69 },
          {
            name: "disk",
            used: 0.62,
            limit: 1,
            left: 0.38,
            growth: { perHour: 0.0004, interval: [0.0003, 0.0005], endsInHours: 950 },
          },
        ],
    caches: isEmpty
      ? []
      : [
          {
            level: "memory",
            kind: "objects",
            hits: 9e6,
            misses: 2e5,
            failures: 0,
            hitRate: 0.978,
            evictions: 1200,
            earlyEvictions: 14,
          },
        ],
  };
}

const had = (views, errors, p50Ms, p95Ms) => ({
  views,
  errors,
  firstFrame: { p50Ms, p95Ms },
  firstSpin: { p50Ms: 2 * p50Ms, p95Ms: 2 * p95Ms },
  switch: { p50Ms: 61, p95Ms: 184 },
});

/** Launches that are over: one with all that a report can have, one that no browser has reported of. */
export function launchReportsAt(now) {
  const hour = 60 * MINUTE;
  const nothing = { views: 0, errors: 0 };
  const full = {
    name: "autumn sale",
    from: stamp(now - 30 * hour),
    to: stamp(now - 6 * hour),
    manifests: { all: 184_302, failed: 12 },
    frames: { all: 2_912_776, failed: 0 },
    latency: { p50Ms: 0.61, p95Ms: 38.4, p99Ms: 61.2 },
    during: had(41_200, 31, 180, 940),
    before: [1, 2, 4].map((weeks) => ({ weeks, visitors: had(9_100 - 400 * weeks, 4, 172 + weeks, 910 + 7 * weeks) })),
    fired: 12,
    alerts: Array.from({ length: 12 }, (_, at) => ({
      at: stamp(now - 29 * hour + at * MINUTE),
      name: "purge-old",
      subject: at % 2 ? "edge" : "",
    })),
  };
  const empty = {
    name: "<b>quiet</b> drop",
    from: stamp(now - 72 * hour),
    to: stamp(now - 71 * hour),
    manifests: { all: 0, failed: 0 },
    frames: { all: 0, failed: 0 },
    during: nothing,
    before: [],
    fired: 0,
    alerts: [],
  };
  return { reports: [full, empty] };
}
