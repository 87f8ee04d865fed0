#!/usr/bin/env bash
# Builds the viewer and fails where viewer/dist was not what its sources give, or is not in git: the Rust build takes the committed files as they are.
set -eu
cd "$(dirname "$0")/.."

bundle() {
    [ ! -d viewer/dist ] || find viewer/dist -type f -exec cksum {} + | sort -k 3
}

before=$(bundle)
(cd viewer && npm run --silent build)
after=$(bundle)

if ! diff <(printf '%s\n' "$before") <(printf '%s\n' "$after"); then
    echo "viewer/dist was not what viewer/src gives. It is built anew now: commit it." >&2
    exit 1
fi
# Ignored files count too: a .gitignore that hides the bundle would keep it out of every clone.
untracked=$(git ls-files --others -- viewer/dist)
if [ -n "$untracked" ]; then
    printf 'The bundle has files that git does not know. Add them (git add -f):\n%s\n' "$untracked" >&2
    exit 1
fi
# What a shop's visitor loads: at most 12 kB on the wire, whatever is put in.
spin_bytes=$(gzip -9 -c <viewer/dist/girasol-spin.js | wc -c)
if [ "$spin_bytes" -gt 12000 ]; then
    echo "viewer/dist/girasol-spin.js is $spin_bytes bytes gzipped, of 12000 at most." >&2
    exit 1
fi
echo "viewer/dist/girasol-spin.js is $spin_bytes bytes gzipped, of 12000 at most."
