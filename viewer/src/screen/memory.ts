// Memory for decoded frames: one limit for the whole page, shared evenly by the spins near the viewport.

const MIB = 1024 * 1024;

/** A spin that holds decoded frames. */
export interface MemoryUser {
  /** The share has changed. */
  onShare(): void;
}

const users = new Set<MemoryUser>();
let maxBytes: number | undefined;

/** The limit of the page: what was set, or 128 MiB, and 48 on devices with little memory. */
export function maxDecodedBytes(): number {
  return maxBytes ?? (isLowEnd(navigator) ? 48 : 128) * MIB;
}

export function setMaxDecodedBytes(bytes: number): void {
  maxBytes = bytes;
  for (const user of users) user.onShare();
}

/** Bytes that a spin may hold decoded; 0 while it takes no part. */
export function memoryShareOf(user: MemoryUser): number {
  return users.has(user) ? maxDecodedBytes() / users.size : 0;
}

/** Lets a spin take part in the memory, or no longer. */
export function shareMemory(user: MemoryUser, takesPart: boolean): void {
  if (users.has(user) === takesPart) return;
  if (takesPart) users.add(user);
  else users.delete(user);
  for (const each of new Set([user, ...users])) each.onShare();
}

/** Browsers without the memory's size give the number of cores at least. */
function isLowEnd(browser: { deviceMemory?: number; hardwareConcurrency?: number }): boolean {
  return (browser.deviceMemory ?? browser.hardwareConcurrency ?? 8) <= 2;
}
