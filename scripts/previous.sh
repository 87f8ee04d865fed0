#!/usr/bin/env bash
# Builds the program of the commit before the newest migration, for the test of a rolling upgrade, and prints its path. It needs the
# history of the repository. Build the present program after it: both are target/debug/girasol.
set -eu
cd "$(dirname "$0")/.."

newest=$(find migrations/postgres -name '*.up.sql' | sort | tail -n 1)
added=$(git log --diff-filter=A --format=%H -- "$newest" | tail -n 1)
if [ -z "$added" ] || ! previous=$(git rev-parse --quiet --verify "$added^"); then
    echo "The history has no commit before $newest." >&2
    exit 1
fi
folder=target/previous/$previous
if [ ! -x "$folder/girasol" ]; then
    echo "Building the program before $(basename "$newest" .up.sql): $(git log -1 --format=%h "$previous")" >&2
    rm -rf target/previous
    mkdir -p "$folder/source"
    git archive "$previous" | tar -x -C "$folder/source"
    # With the profiles of now, in the same target folder, and with an example: so its dependencies are those that are built already.
    awk '/^\[/ { inside = /^\[profile[.]/ } !inside' "$folder/source/Cargo.toml" >"$folder/Cargo.toml"
    awk '/^\[/ { inside = /^\[profile[.]/ } inside' Cargo.toml >>"$folder/Cargo.toml"
    mv "$folder/Cargo.toml" "$folder/source/Cargo.toml"
    # shellcheck disable=SC2046 # Settings, a word each.
    env $(scripts/libaom.sh settings) CARGO_TARGET_DIR="$PWD/target" \
        cargo build --quiet --locked --manifest-path "$folder/source/Cargo.toml" --workspace --bin girasol --example decode >&2
    cp target/debug/girasol "$folder/girasol"
    rm -rf "$folder/source"
fi
echo "$PWD/$folder/girasol"
