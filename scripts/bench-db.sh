#!/usr/bin/env bash
# Measures look-ups in large databases, with a Postgres server of its own where there is one, and writes benches/lookups.md.
set -eu
cd "$(dirname "$0")/.."

databases=
if command -v pg_lsclusters >/dev/null || command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    # The server ends with its standard input.
    coproc server { tests/postgres/server.sh 'shared_buffers = 4GB'; }
    read -r databases <&"${server[0]}"
else
    echo "Without Postgres, SQLite alone is measured. Type: make setup" >&2
fi
if [ -n "$databases" ]; then
    export DATABASES=$databases
fi
# CARGO may be a command with its words.
${CARGO:-cargo} bench --bench lookups --locked "$@"
