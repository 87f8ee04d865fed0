#!/usr/bin/env bash
# Runs the program with a database of the tests' server in place of the file in its data folder: each folder has one.
# PROGRAM is the program, DATABASES the address of the server's databases.
set -eu

data=
for ((at = 1; at < $#; at++)); do
    [ "${!at}" != --data ] || { next=$((at + 1)) && data=${!next}; }
done
if [ -n "$data" ] && [ -n "${DATABASES:-}" ]; then
    name=d$(realpath -m "$data" | sha256sum | cut -c 1-24)
    folder=$(printf '%b' "${DATABASES#*@}" | sed 's/%2F/\//g')
    if [ ! -e "$folder/made-$name" ]; then
        exec 9>"$folder/making-$name"
        flock 9
        if [ ! -e "$folder/made-$name" ]; then
            flock "$folder/making" createdb --host "$folder" --username girasol "$name"
            touch "$folder/made-$name"
        fi
        exec 9>&-
    fi
    export GIRASOL_DATABASE__URL=$DATABASES/$name
fi
exec "$PROGRAM" "$@"
