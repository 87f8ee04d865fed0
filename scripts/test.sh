#!/usr/bin/env bash
# Everything that CI checks, one step after the other, but for the browsers beside what needs none; the first that fails ends the run. Each step is a target of the Makefile and can be run alone.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh

passed=0
failed=0
skipped=0
summary=

record() {
    summary+=$(printf '\n  %-12s %-8s %s' "$1" "$2" "$3")
}

close() {
    printf '\n==> result%s\n\n' "$summary"
    printf 'steps: %d passed, %d failed' "$passed" "$failed"
    [ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
    printf '\n'
    exit "$((failed > 0))"
}

# ended NAME START STATUS: counts a step.
ended() {
    local name=$1 seconds=$((SECONDS - $2))
    if [ "$3" = 0 ]; then
        passed=$((passed + 1))
        record "$name" passed "$seconds s"
        printf '==> %s passed in %d s\n' "$name" "$seconds"
    else
        failed=$((failed + 1))
        record "$name" FAILED "$seconds s"
        printf '==> %s FAILED after %d s\n' "$name" "$seconds"
        close
    fi
}

# run NAME COMMAND...
run() {
    local name=$1 start=$SECONDS status=0
    shift
    printf '\n==> %s\n' "$name"
    "$@" || status=$?
    ended "$name" "$start" "$status"
}

# The step that runs beside others: its process group, its name, when it began, and what it has printed.
beside=
beside_name=
beside_start=
beside_log=

# A step that fails ends the one beside it.
end_beside() {
    [ -n "$beside" ] || return 0
    kill -TERM -- "-$beside" 2>/dev/null || true
    wait "$beside" 2>/dev/null || true
    rm -f "$beside_log"
}
trap end_beside EXIT

# begin NAME COMMAND...: runs beside the steps that follow, until `await`.
begin() {
    beside_name=$1
    shift
    beside_start=$SECONDS
    beside_log=$(mktemp)
    printf '\n==> %s begins, and runs beside what follows\n' "$beside_name"
    # A process group of its own.
    set -m
    "$@" >"$beside_log" 2>&1 </dev/null &
    beside=$!
    set +m
}

# Waits for the step that runs beside, and prints what it has printed.
await() {
    [ -n "$beside" ] || return 0
    local status=0 started=$beside
    wait "$started" || status=$?
    beside=
    printf '\n==> %s\n' "$beside_name"
    cat "$beside_log"
    rm -f "$beside_log"
    ended "$beside_name" "$beside_start" "$status"
}

# has_tools TARGET TOOL...: on a laptop, a step whose tool could not be installed is left out, and says so; in CI the step runs all the same, and
# fails.
has_tools() {
    local target=$1 tool
    shift
    for tool in "$@"; do
        if [ -z "${CI:-}" ] && ! tool_is_here "$tool"; then
            skipped=$((skipped + 1))
            record "$target" SKIPPED "no $tool"
            printf '\n==> %s\n!!! SKIPPED: there is no %s here. CI does run this step.\n' "$target" "$tool"
            return 1
        fi
    done
}

# step TARGET TOOL...
step() {
    has_tools "$@" || return 0
    run "$1" make --no-print-directory "$1"
}

# step_beside TARGET TOOL...: the same, beside the steps that follow.
step_beside() {
    has_tools "$@" || return 0
    begin "$1" make --no-print-directory "$1"
}

# shellcheck disable=SC2329 # Called by name, as tidy is.
setup() {
    scripts/setup.sh build || return 1
    # What only the tests need is no reason to run none of them, except in CI.
    scripts/setup.sh test || [ -z "${CI:-}" ] || return 1
    scripts/setup.sh engines || [ -z "${CI:-}" ]
}

# Finds tests that leave files in the tree, and builds that change a lock file.
# shellcheck disable=SC2329
tidy() {
    local tree_after
    tree_after=$(git status --porcelain)
    [ "$tree_after" = "$tree_before" ] || diff <(printf '%s\n' "$tree_before") <(printf '%s\n' "$tree_after")
}

run setup setup
tree_before=$(git status --porcelain)
step audit venv
step lint
step test-viewer node npm
step test-rust
# Browsers leave a core free for most of their time.
step_beside test-e2e node npm chromium venv
step test-scaled postgres
step test-swift swift postgres
step test-deploy venv docker-compose systemd-analyze varnishd varnish-modules postgres redis-server
step test-clients node npm venv
step test-openapi venv
step test-load
await
step bench-build
run tidy tidy
close
