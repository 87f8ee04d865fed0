#!/usr/bin/env bash
# pg_ctl for the server of a folder that server.sh has made, as the user whose server it is.
set -eu

folder=$1
shift
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
PATH=${programs:+$programs:}$PATH
run=()
[ "$(id -u)" != 0 ] || run=(setpriv --reuid=65534 --regid=65534 --clear-groups)
cd "$folder"
"${run[@]}" pg_ctl --pgdata "$folder/data" --log "$folder/data/log" "$@"
