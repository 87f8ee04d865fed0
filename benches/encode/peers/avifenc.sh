#!/usr/bin/env bash
# Usage: avifenc.sh FRAMES MAX_BYTES OUT OPTION...    with options of avifenc, such as -s 6 -y 444
set -eu
frames=$1 max_bytes=$2 out=$3 extension=avif
options=("${@:4}")

# Constant quality, as the documentation of avifenc advises it; 63 is the coarsest quantizer.
encode() {
    xargs -P "$(nproc)" -I NAME avifenc -j 1 "${options[@]}" --min 0 --max 63 -a end-usage=q -a cq-level=$((63 - $1)) \
        "$frames/NAME.png" "$2/NAME.avif" >/dev/null
}

. "$(dirname "$0")/search.sh"
search 0 63
