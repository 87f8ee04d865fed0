#!/usr/bin/env bash
# Everything that CI checks, one step after the other; the first that fails ends the run. Each step is a target of the Makefile and can be run alone.
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

# run NAME COMMAND...
run() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
        record "$name" passed "$((SECONDS - start)) s"
        printf '==> %s passed in %d s\n' "$name" "$((SECONDS - start))"
    else
        failed=$((failed + 1))
        record "$name" FAILED "$((SECONDS - start)) s"
        printf '==> %s FAILED after %d s\n' "$name" "$((SECONDS - start))"
        close
    fi
}

# step TARGET TOOL...: on a laptop, a step whose tool could not be installed is left out, and says so; in CI the step runs all the same, and fails.
step() {
    local target=$1 tool
    shift
    for tool in "$@"; do
        if [ -z "${CI:-}" ] && ! tool_is_here "$tool"; then
            skipped=$((skipped + 1))
            record "$target" SKIPPED "no $tool"
            printf '\n==> %s\n!!! SKIPPED: there is no %s here. CI does run this step.\n' "$target" "$tool"
            return
        fi
    done
    run "$target" make --no-print-directory "$target"
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
step test-scaled postgres
step test-deploy venv docker-compose systemd-analyze varnishd varnish-modules postgres redis-server
step test-e2e node npm chromium venv
step test-clients node npm venv
step test-openapi venv
step bench-build
run tidy tidy
close
