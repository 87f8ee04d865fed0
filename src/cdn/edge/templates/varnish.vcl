vcl 4.1;

# Girasol behind Varnish 7, printed by `girasol edge varnish`. Print it anew when the policy changes.
# Debian: apt-get install varnish varnish-modules. Start it with
#   varnishd -a :80 -f girasol.vcl -s malloc,2g -p http_gzip_support=off
# Without the last setting Varnish keeps everything in gzip; with it, Brotli too.
#
@delegation@

import std;
import xkey;

backend girasol {
    .host = "@host@";
    .port = "@port@";
    .connect_timeout = 2s;
    .first_byte_timeout = 30s;
    .between_bytes_timeout = 30s;
    .probe = {
        .url = "/api/health/live";
        .interval = 2s;
        .timeout = 1s;
        .window = 4;
        .threshold = 2;
        .initial = 2;
    }
}

# Clients that may purge, and see health and metrics: the servers of Girasol and their operators. A client behind a proxy of
# its own does not count; let a proxy that ends TLS on this machine speak PROXY, or all of its clients count.
acl girasol_operators {
    "localhost";
    "127.0.0.1";
    "::1";
}

@subroutines@

sub vcl_recv {
    # A target is a path from the root. The origin reads more forms (ftp://x/path, /path#fragment), past the rules below.
    if (req.url !~ "^/[^#]*$") {
        return (synth(400, "Bad request"));
    }

    # Purges, by the tags that answers carry. Hard: the next request waits for the new answer. Soft: it gets the old
    # one, and the new one is fetched meanwhile.
    #   curl -X PURGE -H "xkey-purge: c-0123 p-4567" http://edge/
    #   curl -X PURGE -H "xkey-softpurge: p-4567" http://edge/
    if (req.method == "PURGE") {
        if (client.ip !~ girasol_operators || req.http.X-Forwarded-For ~ ",") {
            return (synth(403, "Not for you"));
        }
        if (req.http.xkey-purge) {
            set req.http.X-Girasol-Purged = xkey.purge(req.http.xkey-purge);
        } else if (req.http.xkey-softpurge) {
            set req.http.X-Girasol-Purged = xkey.softpurge(req.http.xkey-softpurge);
        } else {
            return (synth(400, "Name tags in xkey-purge or xkey-softpurge"));
        }
        return (synth(200, "Purged " + req.http.X-Girasol-Purged));
    }

    # The host that the client asked for stands in Host. What a client wrote here is not passed on to a server that trusts
    # this proxy.
    unset req.http.X-Forwarded-Host;

    # Only this file says these.
    if (req.restarts == 0) {
        unset req.http.X-Girasol-Public;
        unset req.http.X-Girasol-Any-Stale;
        unset req.http.X-Girasol-Frames;
        unset req.http.X-Girasol-Format;
    }

    if (req.url ~ "^/(?:metrics|api/health)(?:[/?]|$)"
        && (client.ip !~ girasol_operators || req.http.X-Forwarded-For ~ ",")) {
        return (synth(404, "Not found"));
    }

    # All that is not known to be public: the studio, the API with keys and cookies, uploads of any size (their bodies
    # are streamed), events, writes. It goes through as it came.
    # So does every spelling of an address that is not the plain one: an answer to it is never kept.
    if ((req.method != "GET" && req.method != "HEAD")
        || req.url !~ "^@path@(?:[?]@query@)?$"
        || (req.url !~ "^/(?:s|p|still)/"
            && req.url !~ "^/m/[0-9a-f]+[.]json"
            && req.url !~ "^/api/products/customizable/[^/?]+/sequence(?:[?]|$)"
            && req.url !~ "^/api/products/customizable/[a-z0-9-]+/[a-z0-9-]+(?:[?]|$)"
            && req.url !~ "^/(?:girasol-spin(?:[.](?:classic|more|words))?|girasol-sw|demo(?:-first)?)[.](?:js|css)(?:[?]|$)")) {
        return (pass);
    }

    # Public answers know no visitor.
    unset req.http.Cookie;
    unset req.http.Authorization;

    if (req.url ~ "^/api/products/customizable/[^/?]+/sequence(?:[?]|$)") {
        if (req.url ~ "[?&]explain(?:=|&|$)") {
            # `explain` asks for the reasons: the server has to see the hints themselves.
            return (pass);
        }
        call girasol_query;
    }

    # Three encodings, and not one for each browser's way of listing them.
    if (req.http.Accept-Encoding ~ "(?i)\bbr\b" && req.http.Accept-Encoding ~ "(?i)\bgzip\b") {
        set req.http.Accept-Encoding = "br, gzip";
    } else if (req.http.Accept-Encoding ~ "(?i)\bgzip\b") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }

    # What is out of date is given at once, and fetched anew beside it: for ten minutes while the origin is well,
    # for a day while it is not.
    set req.grace = 1w;
    if (!req.http.X-Girasol-Any-Stale && std.healthy(req.backend_hint)) {
        set req.grace = 10m;
    }
    set req.http.X-Girasol-Public = "1";
    return (hash);
}

sub vcl_hash {
    # Addresses alone: the same spin under another host name is the same spin.
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_fetch {
    if (!bereq.http.X-Girasol-Public) {
        # Events are silent while nothing happens, and large uploads take their time.
        set bereq.first_byte_timeout = 10m;
        set bereq.between_bytes_timeout = 10m;
    }
    unset bereq.http.X-Girasol-Public;
    unset bereq.http.X-Girasol-Any-Stale;
    return (fetch);
}

sub vcl_backend_response {
    if (bereq.is_bgfetch && beresp.status >= 500) {
        # What is there stays.
        return (abandon);
    }
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (!beresp.http.Cache-Control || beresp.http.Cache-Control ~ "(?i)no-store|private") {
        # Girasol says of each answer how long it is kept; one that says nothing is about the request (its head was too
        # large, say) and not about the address. Not kept, and those who ask meanwhile need not wait for each other.
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        set beresp.grace = 0s;
        return (deliver);
    }
    if (beresp.http.Cache-Control ~ "(?i)no-cache") {
        # The viewer's script: kept, and asked for each time whether it is still the one.
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.keep = 1d;
        return (deliver);
    }
    # s-maxage has set the ttl.
    set beresp.grace = 10s;
    if (beresp.status == 200 && beresp.http.CDN-Cache-Control ~ "stale-if-error=[0-9]+") {
        set beresp.grace = std.duration(
            regsub(beresp.http.CDN-Cache-Control, "^.*stale-if-error=([0-9]+).*$", "\1s"), 10s);
    }
    set beresp.keep = 1h;
    return (deliver);
}

sub vcl_backend_error {
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Cache-Control = "private, no-store";
    set beresp.http.Retry-After = "5";
    # Without it a page cannot read the status.
    set beresp.http.Access-Control-Allow-Origin = "*";
    set beresp.body = {"{"type":"urn:problem-type:girasol:unreachable","title":"The origin does not answer","status":503}"};
    return (deliver);
}

sub vcl_deliver {
    if (resp.status >= 500 && req.http.X-Girasol-Public && !req.http.X-Girasol-Any-Stale) {
        # The origin seemed well and was not: once more, and content with what is up to a day old.
        set req.http.X-Girasol-Any-Stale = "1";
        return (restart);
    }
    if (resp.http.Cache-Control !~ "immutable") {
        # A browser would take the time here off its own ten minutes.
        unset resp.http.Age;
    }
    # For this cache alone. Leave these three lines out where another cache stands in front of it.
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.Surrogate-Control;
    if (!req.http.X-Girasol-Public) {
        set resp.http.X-Cache = "PASS";
    } else if (obj.hits == 0) {
        set resp.http.X-Cache = "MISS";
    } else if (obj.ttl < 0s) {
        set resp.http.X-Cache = "STALE";
    } else {
        set resp.http.X-Cache = "HIT";
    }
    return (deliver);
}

sub vcl_synth {
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    set resp.http.Cache-Control = "private, no-store";
    set resp.body = resp.reason + {"
"};
    return (deliver);
}
