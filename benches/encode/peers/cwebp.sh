#!/usr/bin/env bash
# Usage: cwebp.sh FRAMES MAX_BYTES OUT OPTION...    with options of cwebp, such as -m 6
set -eu
frames=$1 max_bytes=$2 out=$3 extension=webp
options=("${@:4}")

encode() {
    xargs -P "$(nproc)" -I NAME cwebp -quiet "${options[@]}" -q "$1" "$frames/NAME.png" -o "$2/NAME.webp"
}

. "$(dirname "$0")/search.sh"
search 0 100
