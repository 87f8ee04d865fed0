#!/usr/bin/env bash
# Builds the program of a commit before the newest migration, for the test of a rolling upgrade, and prints its path. It needs the
# history of the repository. Build the present program after it: both are target/debug/girasol.
set -eu
cd "$(dirname "$0")/.."

# Commits to try: a commit in the middle of a change may not build.
tries=5

newest=$(find migrations/postgres -name '*.up.sql' | sort | tail -n 1)
added=$(git log --diff-filter=A --format=%H -- "$newest" | tail -n 1)
if [ -z "$added" ] || ! git rev-parse --quiet --verify "$added^" >/dev/null; then
    echo "The history has no commit before $newest." >&2
    exit 1
fi

# build COMMIT FOLDER: leaves the program in the folder.
build() {
    rm -rf target/previous
    mkdir -p "$2/source"
    git archive "$1" | tar -x -C "$2/source"
    # With the profiles of now, in the same target folder, and with an example: so its dependencies are those that are built already.
    awk '/^\[/ { inside = /^\[profile[.]/ } !inside' "$2/source/Cargo.toml" >"$2/Cargo.toml"
    awk '/^\[/ { inside = /^\[profile[.]/ } inside' Cargo.toml >>"$2/Cargo.toml"
    mv "$2/Cargo.toml" "$2/source/Cargo.toml"
    # shellcheck disable=SC2046 # Settings, a word each.
    env $(scripts/libaom.sh settings) CARGO_TARGET_DIR="$PWD/target" \
        cargo build --quiet --locked --manifest-path "$2/source/Cargo.toml" --workspace --bin girasol --example decode >&2 || return 1
    cp target/debug/girasol "$2/girasol"
    rm -rf "$2/source"
}

for commit in $(git rev-list --first-parent --max-count="$tries" "$added^"); do
    folder=target/previous/$commit
    if [ ! -x "$folder/girasol" ]; then
        echo "Building the program before $(basename "$newest" .up.sql): $(git log -1 --format=%h "$commit")" >&2
        build "$commit" "$folder" || continue
    fi
    echo "$PWD/$folder/girasol"
    exit
done
echo "None of the $tries commits before $newest builds." >&2
exit 1
