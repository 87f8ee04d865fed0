# shellcheck shell=bash
# The search that the scripts beside it share: one quality for a whole turn, the best whose files fit together under a
# ceiling. Most of it is done on every sixth frame. Sourced by a script that has set `frames`, `max_bytes`, `out` and
# `extension`, and has a function
#
#     encode QUALITY FOLDER    the frames that standard input names, into FOLDER
#
# Each quality that is tried has its folder in `out`; a frame that lies there is not encoded again.

names=()
for file in "$frames"/*.png; do
    name=${file##*/}
    names+=("${name%.png}")
done

sample=()
for ((i = 0; i < ${#names[@]}; i += 6)); do
    sample+=("${names[i]}")
done

# bytes QUALITY NAME...: what these frames take together, encoded now unless they have been.
bytes() {
    local folder=$out/$1 missing=() files=() name
    mkdir -p "$folder"
    for name in "${@:2}"; do
        files+=("$folder/$name.$extension")
        [ -e "$folder/$name.$extension" ] || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] || printf '%s\n' "${missing[@]}" | encode "$1" "$folder"
    cat "${files[@]}" | wc -c
}

# search LOWEST HIGHEST
search() {
    local low=$1 high=$(($2 + 1)) middle
    local share=$((max_bytes * ${#sample[@]} / ${#names[@]}))
    while [ $((high - low)) -gt 1 ]; do
        middle=$(((low + high) / 2))
        if [ "$(bytes "$middle" "${sample[@]}")" -le "$share" ]; then low=$middle; else high=$middle; fi
    done
    # The sample is a percent or two wrong, so that all frames have the last word.
    while [ "$low" -gt "$1" ] && [ "$(bytes "$low" "${names[@]}")" -gt "$max_bytes" ]; do
        low=$((low - 1))
    done
    while [ "$low" -lt "$2" ] && [ "$(bytes $((low + 1)) "${names[@]}")" -le "$max_bytes" ]; do
        low=$((low + 1))
    done
}
