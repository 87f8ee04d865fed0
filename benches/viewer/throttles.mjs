// Chromium's own presets, as its developer tools apply them: delays and rates are those of the name times a factor,
// since they are applied to requests and not to packets. Rates are in bytes a second.

const network = (latency, down, up) => ({
  offline: false,
  latency,
  downloadThroughput: down / 8,
  uploadThroughput: up / 8,
});

export const FAST_4G = network(60 * 2.75, 9e6 * 0.9, 1.5e6 * 0.9);

export const THROTTLES = [
  { name: "Slow 3G", network: network(400 * 5, 500e3 * 0.8, 500e3 * 0.8), cpu: 1 },
  { name: "Fast 3G", network: network(150 * 3.75, 1.6e6 * 0.9, 750e3 * 0.9), cpu: 1 },
  { name: "4G", network: FAST_4G, cpu: 1 },
  { name: "4G, CPU 4x slower", network: FAST_4G, cpu: 4 },
];

/** "2,000 ms, 400 kbit/s" */
export const said = ({ network: { latency, downloadThroughput } }) =>
  `${Math.round(latency).toLocaleString("en")} ms, ${Math.round((8 * downloadThroughput) / 1000).toLocaleString("en")} kbit/s`;

export async function throttle(session, { network: conditions, cpu }) {
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", conditions);
  await session.send("Emulation.setCPUThrottlingRate", { rate: cpu });
}
