#!/usr/bin/env bash
# Usage: cavif.sh FRAMES MAX_BYTES OUT OPTION...    with options of cavif, such as -s 4
set -eu
frames=$1 max_bytes=$2 out=$3 extension=avif
options=("${@:4}")

encode() {
    xargs -P "$(nproc)" -I NAME cavif --quiet -j 1 "${options[@]}" -Q "$1" -o "$2/NAME.avif" "$frames/NAME.png"
}

. "$(dirname "$0")/search.sh"
search 1 100
