#!/usr/bin/env bash
# Starts the demo of the real binary in an empty folder, and runs the browser tests against it; with an argument, that script of
# viewer/package.json instead.
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh

# Seconds to wait for the address. The demo serves at once and encodes meanwhile; the tests wait for the spins that they need.
patience_s=60

binary=${CARGO_TARGET_DIR:-target}/debug/girasol
chromium=$(browser) || {
    echo "The end-to-end tests need Chromium. Type: make setup" >&2
    exit 1
}

folder=$(mktemp -d)
server=
finish() {
    status=$?
    trap - EXIT
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        kill -KILL "$server"
        wait "$server" 2>/dev/null || true
    fi
    if [ "$status" != 0 ] && [ -s "$folder/log" ]; then
        echo "The last lines that the server logged:" >&2
        tail -n 40 "$folder/log" >&2
    fi
    rm -rf "$folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$binary" demo --data "$folder/data" --listen 127.0.0.1:0 >"$folder/out" 2>"$folder/log" </dev/null &
server=$!

url=
start=$SECONDS
while [ -z "$url" ]; do
    if ! kill -0 "$server" 2>/dev/null; then
        echo "The demo ended before it printed its address." >&2
        exit 1
    fi
    if [ $((SECONDS - start)) -ge "$patience_s" ]; then
        echo "The demo has not printed its address in $patience_s s." >&2
        exit 1
    fi
    sleep 0.2
    url=$(sed -n 's|^Girasol is at \(http://[^ ]*\).*|\1|p' "$folder/out" | head -n 1)
done
# The key is printed right after the address.
key=
while [ -z "$key" ]; do
    if ! kill -0 "$server" 2>/dev/null || [ $((SECONDS - start)) -ge "$patience_s" ]; then
        echo "The demo has not printed the key for the studio." >&2
        exit 1
    fi
    sleep 0.1
    key=$(sed -n 's|^Artists sign in.* \(girasol_[0-9a-f_]*\)$|\1|p' "$folder/out" | head -n 1)
done
# Operators have keys of their own.
admin=$("$binary" key create --role admin --label operator --data "$folder/data" 2>>"$folder/log" | grep -o 'girasol_[0-9a-f_]*' | head -n 1)
echo "The demo was at $url after $((SECONDS - start)) s."

export GIRASOL_URL=$url GIRASOL_KEY=$key GIRASOL_ADMIN_KEY=$admin CHROMIUM=$chromium
(cd viewer && npm run --silent "${@:-e2e}")

# engine NAME TOOL...: what engines differ in, where the engine is here.
engine() {
    local name=$1 tool
    shift
    for tool in "$@"; do
        if ! tool_is_here "$tool"; then
            echo "!!! SKIPPED: the browser tests in $name; there is no $tool here. Type: scripts/setup.sh engines" >&2
            [ -z "${CI:-}" ]
            return
        fi
    done
    (cd viewer && npm run --silent "e2e:$name")
}
if [ $# = 0 ]; then
    engine firefox firefox-esr
    engine webkit WebKitWebDriver Xvfb
fi

# On SIGTERM the server shuts down in order and exits with 0.
kill -TERM "$server"
start=$SECONDS
while kill -0 "$server" 2>/dev/null; do
    if [ $((SECONDS - start)) -ge 60 ]; then
        echo "The server was sent SIGTERM and has not ended in 60 s." >&2
        exit 1
    fi
    sleep 0.2
done
code=0
wait "$server" || code=$?
server=
if [ "$code" != 0 ]; then
    echo "The server was stopped by SIGTERM and ended with $code, not 0." >&2
    exit 1
fi
