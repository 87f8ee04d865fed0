# shellcheck shell=bash
# Which tools a build and the tests need, and how to tell that one is here. Sourced by the scripts beside it.

has() {
    command -v "$1" >/dev/null 2>&1
}

# at_least VERSION MINIMUM
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# Prints the path of a Chromium; CHROMIUM in the environment names one that stands elsewhere.
browser() {
    local name
    for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return 0
    done
    return 1
}

tool_is_here() {
    case $1 in
        # A compiler without the C library's headers is of no use, and Debian packs the two apart.
        cc) has cc && printf '#include <stdlib.h>\n' | cc -fsyntax-only -x c - 2>/dev/null ;;
        nasm) has nasm && at_least "$(nasm -v | awk '{ print $3 }')" 2.15 ;;
        node) has node && at_least "$(node --version | tr -d v)" 18 ;;
        # The version that sharp asks for.
        node20) has node && at_least "$(node --version | tr -d v)" 20.9 ;;
        # Debian leads only root to its servers.
        varnishd | nginx) has "$1" || [ -x "/usr/sbin/$1" ] ;;
        postgres) has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
        swift) [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import swift.proxy' 2>/dev/null ;;
        varnish-modules) compgen -G '/usr/lib/*/varnish/vmods/libvmod_xkey.so' >/dev/null ;;
        nginx-purge) [ -e /usr/lib/nginx/modules/ngx_http_cache_purge_module.so ] ;;
        webp) has cwebp && has dwebp ;;
        chromium) browser >/dev/null ;;
        # Debian's python3 comes without what makes a virtual environment.
        venv) has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        # From netpbm, which reads PNG by libpng.
        netpbm) has pngtopam ;;
        libtiff-tools) has tiff2rgba ;;
        faketime) compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null ;;
        *) has "$1" ;;
    esac
}

# The Debian packages that bring a tool.
packages_of() {
    case $1 in
        cc) echo gcc libc6-dev ;;
        c++) echo g++ ;;
        node | node20) echo nodejs ;;
        avifdec | avifenc) echo libavif-bin ;;
        djpeg) echo libjpeg-turbo-progs ;;
        pkill) echo procps ;;
        promtool) echo prometheus ;;
        postgres) echo postgresql ;;
        # Its servers are in this one; the others would start them.
        swift) echo python3-swift ;;
        systemd-analyze) echo systemd ;;
        h2load) echo nghttp2-client ;;
        varnishd) echo varnish ;;
        nginx-purge) echo libnginx-mod-http-cache-purge ;;
        venv) echo python3 python3-venv ;;
        WebKitWebDriver) echo webkit2gtk-driver ;;
        Xvfb) echo xvfb ;;
        *) echo "$1" ;;
    esac
}

tools_of_group() {
    case $1 in
        build)
            echo cc c++ cmake git make perl
            # The AV1 encoder has assembly for nasm on x86 only; elsewhere the C compiler assembles it.
            case $(uname -m) in x86_64 | amd64) echo nasm ;; esac
            ;;
        # The other engines. Not every distribution has them as packages, which is no reason to install none of the rest.
        engines) echo firefox-esr WebKitWebDriver Xvfb ;;
        bench) echo avifenc avifdec h2load nginx node20 npm varnishd webp wrk ;;
        chaos) echo faketime postgres redis-server varnishd varnish-modules venv ;;
        corpus) echo djpeg netpbm libtiff-tools webp npm venv ;;
        test) echo curl jq openssl webp avifdec chromium node npm venv varnishd varnish-modules nginx nginx-purge pkill postgres swift rclone redis-server docker-compose systemd-analyze promtool ;;
        *) return 1 ;;
    esac
}
