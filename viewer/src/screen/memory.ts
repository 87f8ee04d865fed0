// Memory for decoded frames: one bound for the whole page, shared evenly by the spins that can be seen.

const MIB = 1024 * 1024;

/** Whoever holds decoded frames. */
export interface Holder {
  /** The share has changed. */
  onShare(): void;
}

const holders = new Set<Holder>();
let maxBytes: number | undefined;

/** The bound of the page: what was set, or 128 MiB, and 48 on devices with little memory. */
export function maxDecodedBytes(): number {
  return maxBytes ?? (isLowEnd(navigator) ? 48 : 128) * MIB;
}

export function setMaxDecodedBytes(bytes: number): void {
  maxBytes = bytes;
  for (const holder of holders) holder.onShare();
}

/** What one of the spins may decode; nothing, while it is not among them. */
export function shareOf(holder: Holder): number {
  return holders.has(holder) ? maxDecodedBytes() / holders.size : 0;
}

/** Enters or leaves the spins that can be seen. */
export function takePart(holder: Holder, isSeen: boolean): void {
  if (holders.has(holder) === isSeen) return;
  if (isSeen) holders.add(holder);
  else holders.delete(holder);
  holder.onShare();
  for (const other of holders) if (other !== holder) other.onShare();
}

function isLowEnd({
  deviceMemory,
  hardwareConcurrency,
}: {
  deviceMemory?: number;
  hardwareConcurrency?: number;
}): boolean {
  return deviceMemory === undefined ? (hardwareConcurrency ?? 8) <= 2 : deviceMemory <= 2;
}
