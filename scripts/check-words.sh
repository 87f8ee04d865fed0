#!/usr/bin/env bash
# Finds words that STYLE.md has retired: the first column of the table under "Words that do not come back".
# Looks into every tracked text and inside identifiers, except for texts of others, the viewer's bundle, and migrations: their
# checksums are in every database, so that they cannot change.
set -eu
cd "$(dirname "$0")/.."

words=$(sed -n '/^## Words that do not come back/,$p' STYLE.md |
    sed -n 's/^| \([a-z_, ]*\) |.*/\1/p' | grep -v '^not$' | tr -d ' ' | tr ',\n' '||' | sed 's/|*$//')
[ -n "$words" ] || { echo "STYLE.md: the table of words is empty" >&2; exit 1; }

status=0
found=$(git grep -niIE "(^|[^a-z])($words)([^a-z]|$)" -- . \
    ':!STYLE.md' ':!scripts/check-words.sh' ':!migrations' ':!LICENSE-*' ':!viewer/dist' ':!*package-lock.json' \
    ':!Cargo.lock' ':!assets-pipeline/tests/corpus') || status=$?
[ "$status" -le 1 ] || exit "$status"
if [ -n "$found" ]; then
    printf '%s\n' "$found" >&2
    echo "These lines have words that STYLE.md has retired. STYLE.md says which words to use instead." >&2
    exit 1
fi
