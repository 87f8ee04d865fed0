#!/usr/bin/env bash
# A streaming replica of the server of a folder that server.sh has made, in the folder replica/ of it: prints its port, and
# ends when its standard input does.
set -eu

folder=$1
port=5433
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
PATH=${programs:+$programs:}$PATH
control=$(dirname "$(realpath "$0")")/control.sh
run=()
[ "$(id -u)" != 0 ] || run=(setpriv --reuid=65534 --regid=65534 --clear-groups)
cd "$folder"
"${run[@]}" mkdir replica
"${run[@]}" pg_basebackup --host "$folder" --username girasol --pgdata replica/data --write-recovery-conf \
    --checkpoint fast --no-sync >&2
"${run[@]}" tee -a replica/data/postgresql.conf <<<"port = $port" >/dev/null
# A test may have started it anew, or made it stand still.
stop() {
    local pid
    for pid in $(pgrep -f "^[^ ]*postgres -D $folder/replica/data"); do
        pkill -CONT -P "$pid" || true
        kill -s CONT "$pid" || true
        kill -s INT "$pid" || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    done
}
trap stop EXIT
"$control" "$folder/replica" start -w >/dev/null
echo $port
# The test holds the other end of this pipe.
cat >/dev/null
