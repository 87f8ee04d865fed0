# Girasol behind Fastly, printed by `girasol edge fastly`. Print it anew when the policy changes.
#
# Custom VCL, the main file of a service whose backend is @origin@ (with a health check of /api/health/live,
# shielding on, and automatic compression off: the origin compresses). Surrogate-Control says how long answers are kept
# (an hour, ten minutes stale while they are fetched anew, a day stale where the origin is down). One question goes to
# the origin for all who ask at the same moment. Purge by the tags in Surrogate-Key, soft or hard:
#   curl -X POST -H "Fastly-Key: KEY" -H "Fastly-Soft-Purge: 1" https://api.fastly.com/service/SERVICE/purge/c-0123
#
@delegation@

@subroutines@

sub vcl_recv {
#FASTLY recv

    # All that is not known to be public passes as it came: the studio, the API with keys and cookies, uploads, events.
    # So does every spelling of an address that is not the plain one: an answer to it is never kept.
    if ((req.method != "GET" && req.method != "HEAD" && req.method != "FASTLYPURGE")
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

    # At the shield the query has been filled in already, and stays.
    if (req.url ~ "^/api/products/customizable/[^/?]+/sequence(?:[?]|$)") {
        if (req.url ~ "[?&]explain(?:=|&|$)") {
            # `explain` asks for the reasons: the server has to see the hints themselves.
            return (pass);
        }
        call girasol_query;
    }

    # Three encodings, and not one for each browser's way of listing them.
    if (req.http.Fastly-Orig-Accept-Encoding ~ "(?i)\bbr\b") {
        set req.http.Accept-Encoding = "br, gzip";
    }
    return (lookup);
}

sub vcl_hash {
#FASTLY hash
    set req.hash += req.url;
    return (hash);
}

sub vcl_fetch {
#FASTLY fetch

    # An error while something older is there: that is better.
    if (beresp.status >= 500 && stale.exists) {
        return (deliver_stale);
    }
    # One that says nothing is about the request (its head was too large, say) and not about the address.
    if (!beresp.http.Cache-Control || beresp.http.Cache-Control ~ "(?i)no-store|private") {
        return (pass);
    }
    return (deliver);
}

sub vcl_error {
#FASTLY error

    if (obj.status >= 500 && obj.status < 600 && stale.exists) {
        return (deliver_stale);
    }
    return (deliver);
}

sub vcl_deliver {
#FASTLY deliver

    # A browser would take the time here off its own ten minutes. Other edges than the last one pass it on.
    if (!req.http.Fastly-FF && resp.http.Cache-Control !~ "immutable") {
        unset resp.http.Age;
    }
    return (deliver);
}
