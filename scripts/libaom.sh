#!/usr/bin/env bash
# Builds the libaom that is best for stills, once, into target/tools, from Debian's source package: libaom-sys carries 3.11, and what makes
# 3.12 better for pictures (tune=iq) is worth 1 to 6 points of SSIMULACRA2. Where it cannot be had, that is said, and libaom-sys builds its own.
# Usage: scripts/libaom.sh           builds it, or does nothing
#        scripts/libaom.sh settings  prints the variables by which cargo's build finds it, if it is there
set -eu
cd "$(dirname "$0")/.."

# Debian 13 has this version, so that its source stays on Debian's mirrors for years.
version=3.12.1
sha256=40c929a41b2a59c24319a699c358351422829b3ae646de31b18cbabed0191962
prefix=$PWD/target/tools/libaom-$version

if [ "${1:-}" = settings ]; then
    [ ! -e "$prefix/lib/libaom.a" ] ||
        echo "LIB_AOM_STATIC_LIB_PATH=$prefix/lib LIB_AOM_INCLUDE_PATH=$prefix/include LIB_AOM_PKG_CONFIG_PATH=$prefix/lib/pkgconfig"
    exit
fi
# A failure is remembered, so that a machine without a mirror does not try at every build.
[ ! -e "$prefix" ] || exit 0
mkdir -p "$prefix"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints the mirrors that this machine's packages come from.
mirrors() {
    apt-get indextargets --format '$(ORIGIN) $(SITE)' | awk '$1 == "Debian" { print $2 }' | sort -u
}

# apt's own downloader knows this machine's proxies, and checks the hash.
download() {
    local mirror
    [ -x /usr/lib/apt/apt-helper ] || return 1
    for mirror in $(mirrors); do
        /usr/lib/apt/apt-helper download-file "$mirror/pool/main/a/aom/aom_$version.orig.tar.gz" "$work/aom.tar.gz" "SHA256:$sha256" && return
    done
    return 1
}

compile() {
    mkdir "$work/source" && tar -xzf "$work/aom.tar.gz" -C "$work/source" --strip-components=1 &&
        cmake -S "$work/source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib \
            -DENABLE_DOCS=0 -DENABLE_EXAMPLES=0 -DENABLE_TESTDATA=0 -DENABLE_TESTS=0 -DENABLE_TOOLS=0 -DCONFIG_AV1_DECODER=0 -DCONFIG_AV1_HIGHBITDEPTH=0 &&
        cmake --build "$work/build" --parallel "$(getconf _NPROCESSORS_ONLN)" --target install
}

echo "Building libaom $version, which takes two minutes on two cores" >&2
if ! download >"$work/log" 2>&1; then
    echo "There is no source of libaom $version to be had here: libaom-sys builds the older one that it carries" >&2
elif ! compile >>"$work/log" 2>&1; then
    tail -n 25 "$work/log" >&2
    echo "libaom $version could not be built: libaom-sys builds the older one that it carries" >&2
fi
