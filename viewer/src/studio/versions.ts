// What can be done with the versions of a configuration, before the server is asked.

import type { Sequence, Version } from "./shapes";

/** The version that is shown where nobody chose: the newest that can be looked at. */
export function firstToShow({ versions }: Sequence): Version | undefined {
  return versions.find((version) => !version.removed);
}

/** What becomes live by going back: of the full versions that were ever live, the newest that is older. */
export function beforeOf({ versions, live }: Sequence): Version | undefined {
  return versions.find(
    ({ kind, published, version, removed }) =>
      kind === "full" && !!published && !removed && (live === null || version < live),
  );
}

/** Why a version cannot be published, in words; nothing where it can. */
export function whyNotPublished({ versions, live }: Sequence, wanted: Version): string | undefined {
  if (wanted.removed) return "Its files are gone.";
  if (wanted.version === live) return "It is live.";
  const liveKind = versions.find(({ version }) => version === live)?.kind;
  if (wanted.kind === "early" && liveKind === "full")
    return "It has no more than a preview, and a full version is live.";
  return undefined;
}
