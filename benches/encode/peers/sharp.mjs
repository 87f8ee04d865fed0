// Usage: sharp.mjs FRAMES MAX_BYTES OUT [OPTIONS]    with options of sharp's avif() as JSON, such as {"effort":6}
//
// The search of search.sh in JavaScript: one quality for a whole turn, the best whose files fit together under a
// ceiling, most of it done on every sixth frame.

import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, parse } from 'node:path';
import sharp from 'sharp';

const [frames, maxBytes, out, options = '{}'] = process.argv.slice(2);
const settings = JSON.parse(options);
const [lowest, highest] = [1, 100];
const names = readdirSync(frames).filter((file) => file.endsWith('.png')).map((file) => parse(file).name).sort();
const sample = names.filter((_, i) => i % 6 === 0);

// What these frames take together, encoded now unless they have been.
async function bytes(quality, names) {
  const folder = join(out, String(quality));
  mkdirSync(folder, { recursive: true });
  const file = (name) => join(folder, `${name}.avif`);
  const missing = names.filter((name) => !existsSync(file(name)));
  const worker = async () => {
    for (let name = missing.pop(); name; name = missing.pop()) {
      await sharp(join(frames, `${name}.png`)).avif({ ...settings, quality }).toFile(file(name));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return names.reduce((sum, name) => sum + statSync(file(name)).size, 0);
}

let [low, high] = [lowest, highest + 1];
const share = (maxBytes * sample.length) / names.length;
while (high - low > 1) {
  const middle = Math.floor((low + high) / 2);
  if ((await bytes(middle, sample)) <= share) low = middle;
  else high = middle;
}
while (low > lowest && (await bytes(low, names)) > maxBytes) low -= 1;
while (low < highest && (await bytes(low + 1, names)) <= maxBytes) low += 1;
