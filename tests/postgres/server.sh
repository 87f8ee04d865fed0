#!/usr/bin/env bash
# A Postgres server for the tests, without durability: prints the address of its databases, and ends when its standard
# input does. Text sorts by a language, as on many servers, so that a column without its own order is noticed.
# An argument is one more setting: server.sh 'shared_buffers = 4GB'
set -eu

# Short, since the path of a socket is, and open to the user that the server runs as.
folder=$(mktemp -d /tmp/girasol-postgres-XXXXXX)
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
PATH=${programs:+$programs:}$PATH
run=()
if [ "$(id -u)" = 0 ]; then
    # Postgres does not run as root.
    chown 65534 "$folder"
    run=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
cd "$folder"
"${run[@]}" initdb --pgdata "$folder/data" --username girasol --auth trust --encoding UTF8 --no-sync \
    --locale-provider icu --icu-locale en --locale C.UTF-8 >"$folder/initdb.log" 2>&1 || {
    cat "$folder/initdb.log" >&2
    exit 1
}
cat >>"$folder/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$folder'
max_connections = 400
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
$*
END
# Its own process group, so that an interrupt from the keyboard ends the tests first.
setsid "${run[@]}" postgres -D "$folder/data" >"$folder/log" 2>&1 &
server=$!
# A test may have started it anew.
stop() {
    local pid
    if pid=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null); then
        pkill -CONT -P "$pid" || true
        kill -s CONT "$pid" || true
        kill -s INT "$pid" || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    fi
    rm -rf "$folder"
}
trap stop EXIT
until "${run[@]}" pg_isready --quiet --host "$folder"; do
    kill -0 $server 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
done
echo "postgres://girasol@${folder//\//%2F}"
# The test holds the other end of this pipe, so that the server ends with it, even if the test is killed.
cat >/dev/null
