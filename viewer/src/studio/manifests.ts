// The immutable manifest of one version.

import type { Manifest } from "../wire";
import { Problem, problemOf } from "./api";

export async function loadManifest(url: string): Promise<Manifest> {
  const response = await fetch(url).catch(() => undefined);
  if (!response) throw new Problem(0, "unreachable", "The server cannot be reached.");
  if (!response.ok) throw problemOf(response.status, await response.text());
  return (await response.json()) as Manifest;
}
