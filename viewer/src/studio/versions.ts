// What can be done with the versions of a configuration, decided without the server.

import type { Sequence, Version } from "../api";

/** The version that a rollback makes live: of the full versions that were ever live, the newest older one. That which the live
 * one was polished from shows the same piece, and is left out. */
export function beforeOf({ versions, live }: Sequence): Version | undefined {
  const polishedFrom = versions.find(({ version }) => version === live)?.polishedFrom;
  return versions.find(
    ({ kind, published, version }) =>
      kind === "full" && !!published && (live == null || version < live) && version !== polishedFrom,
  );
}

/** Why a version cannot be published; undefined where it can. */
export function whyNotPublished({ versions, live }: Sequence, wanted: Version): string | undefined {
  if (wanted.version === live) return "It is live.";
  const liveKind = versions.find(({ version }) => version === live)?.kind;
  if (wanted.kind === "early" && liveKind === "full")
    return "It has no more than a preview, and a full version is live.";
  return undefined;
}
