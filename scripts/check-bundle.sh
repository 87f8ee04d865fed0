#!/usr/bin/env bash
# Builds the viewer, and fails if viewer/dist differs from the build or is not committed: the Rust build embeds the committed files.
set -eu
cd "$(dirname "$0")/.."

bundle() {
    [ ! -d viewer/dist ] || find viewer/dist -type f -exec cksum {} + | sort -k 3
}

before=$(bundle)
(cd viewer && npm run --silent build)
after=$(bundle)

if ! diff <(printf '%s\n' "$before") <(printf '%s\n' "$after"); then
    echo "viewer/dist did not match viewer/src. It is built now: commit it." >&2
    exit 1
fi
# Ignored files count too: a .gitignore that hides the bundle would keep it out of every clone.
untracked=$(git ls-files --others -- viewer/dist)
if [ -n "$untracked" ]; then
    printf 'The bundle has files that git does not track. Add them (git add -f):\n%s\n' "$untracked" >&2
    exit 1
fi
# Visitors of a shop load this file: at most 12 kB gzipped.
spin_bytes=$(gzip -9 -c <viewer/dist/girasol-spin.js | wc -c)
if [ "$spin_bytes" -gt 12000 ]; then
    echo "viewer/dist/girasol-spin.js is $spin_bytes bytes gzipped; the limit is 12000." >&2
    exit 1
fi
echo "viewer/dist/girasol-spin.js is $spin_bytes bytes gzipped; the limit is 12000."
