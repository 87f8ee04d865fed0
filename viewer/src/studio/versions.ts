// What can be done with the versions of a configuration, decided without the server.

import type { Sequence, Version } from "../api";

/** The version that a rollback makes live: of the full versions that were ever live, the newest older one. */
export function beforeOf({ versions, live }: Sequence): Version | undefined {
  return versions.find(
    ({ kind, published, version }) => kind === "full" && !!published && (live == null || version < live),
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
