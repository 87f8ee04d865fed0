#!/usr/bin/env bash
# Finds which tools are missing and installs them with apt-get, or prints the one line that does. Silent when all is here.
# Usage: scripts/setup.sh GROUP...   with the groups of tools.sh: build, test, engines, bench, chaos, corpus
set -eu
cd "$(dirname "$0")/.."
. scripts/tools.sh

say() {
    printf '%s\n' "$*" >&2
}

check_rust() {
    local minimum version
    minimum=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! has cargo || ! has rustc; then
        say "Girasol is built with Rust $minimum or newer, and there is no cargo here. Install it with rustup (https://rustup.rs), open a new shell and try again."
        return 1
    fi
    version=$(rustc --version | awk '{ print $2 }')
    if ! at_least "${version%%-*}" "$minimum"; then
        if has rustup; then
            say "Girasol is built with Rust $minimum or newer, and this is $version. Type: rustup update"
        else
            say "Girasol is built with Rust $minimum or newer, and this is $version. Install a newer one with rustup (https://rustup.rs) and try again."
        fi
        return 1
    fi
}

# rustup's stand-ins for cargo-fmt and cargo-clippy are there without the components too, so they are asked and not just looked for.
check_rust_components() {
    local missing=()
    cargo fmt --version >/dev/null 2>&1 || missing+=(rustfmt)
    cargo clippy --version >/dev/null 2>&1 || missing+=(clippy)
    [ ${#missing[@]} -gt 0 ] || return 0
    if has rustup; then
        say "Adding to the Rust toolchain: ${missing[*]}"
        rustup --quiet component add "${missing[@]}"
    else
        say "The checks need ${missing[*]}, which this Rust does not have. Install Rust with rustup (https://rustup.rs), which brings them, and try again."
        return 1
    fi
}

missing_tools() {
    local group tool
    for group in "$@"; do
        for tool in $(tools_of_group "$group"); do
            tool_is_here "$tool" || echo "$tool"
        done
    done
}

install_packages() {
    local log as_root=()
    local options=(-y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)
    if ! has apt-get; then
        say "Missing here: $(missing_tools "${groups[@]}" | xargs). Install them with this machine's package manager and try again."
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        # A password is not asked for in the middle of a build.
        if has sudo && sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            say "Some tools are missing, and installing them is root's to do. Type this, then try again:"
            say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
            return 1
        fi
    fi
    say "Installing with apt-get: $*"
    log=$(mktemp)
    # Debian starts a server as soon as it is installed, unless this says no. The tests start their own.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        # shellcheck disable=SC2064 # What as_root is now.
        trap "${as_root[*]} rm -f /usr/sbin/policy-rc.d" EXIT
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin /usr/sbin/policy-rc.d
    fi
    if ! {
        "${as_root[@]}" apt-get -qq update &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"
    } >"$log" 2>&1 </dev/null; then
        tail -n 25 "$log" >&2
        rm -f "$log"
        say "apt-get could not install: $*"
        return 1
    fi
    rm -f "$log"
}

groups=("$@")
[ $# -gt 0 ] || groups=(build)
for group in "${groups[@]}"; do
    if ! tools_of_group "$group" >/dev/null; then
        say "scripts/setup.sh knows no group '$group': it has build, test, engines, bench, chaos and corpus"
        exit 2
    fi
done

check_rust

packages=$(for tool in $(missing_tools "${groups[@]}"); do packages_of "$tool"; done | xargs -n 1 | sort -u)
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086 # Names of packages, a word each.
    install_packages $packages
    # A distribution may have a version that is too old.
    still_missing=$(missing_tools "${groups[@]}" | xargs)
    if [ -n "$still_missing" ]; then
        say "Still missing, or too old as this distribution has it: $still_missing (nasm has to be 2.15 or newer, node 18 or newer, 20.9 for the comparison of encoders)"
        exit 1
    fi
fi

case " ${groups[*]} " in *" test "*) check_rust_components ;; esac
case " ${groups[*]} " in *" build "*) scripts/libaom.sh ;; esac
