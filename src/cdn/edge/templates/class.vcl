# The delivery class, made from the policy. Leaves how it is asked for in X-Girasol-Frames and X-Girasol-Format.
sub girasol_class {
    # A field that stands more than once becomes a list, and a list is no value.
    std.collect(req.http.Accept);
    std.collect(req.http.Device-Memory);
    std.collect(req.http.Downlink);
    std.collect(req.http.ECT);
    std.collect(req.http.RTT);
    std.collect(req.http.Save-Data);
    std.collect(req.http.Sec-CH-Device-Memory);
    std.collect(req.http.Sec-CH-Downlink);
    std.collect(req.http.Sec-CH-ECT);
    std.collect(req.http.Sec-CH-RTT);
    std.collect(req.http.Sec-CH-Save-Data);
    std.collect(req.http.Sec-CH-UA-Mobile);

    # The older spelling counts where the newer one says nothing that can be used.
    if (req.http.Sec-CH-ECT !~ "(?i)@ect@") {
        set req.http.Sec-CH-ECT = req.http.ECT;
    }
    if (req.http.Sec-CH-RTT !~ "@rtt@") {
        set req.http.Sec-CH-RTT = req.http.RTT;
    }
    if (req.http.Sec-CH-Downlink !~ "@downlink@") {
        set req.http.Sec-CH-Downlink = req.http.Downlink;
    }
    if (req.http.Sec-CH-Device-Memory !~ "@memory@") {
        set req.http.Sec-CH-Device-Memory = req.http.Device-Memory;
    }

    # Numbers are compared as text: at least so much, and nothing absurd.
@classes@

    # A wildcard proves nothing: fetch() sends one, whatever it can decode.
    if (@accepts-avif@) {
        set req.http.X-Girasol-Format = "format=avif";
    } else {
        set req.http.X-Girasol-Format = "format=webp";
    }
}

# Fills in what the query leaves open, always in the same order, and drops what no longer counts.
sub girasol_query {
    if (req.url !~ "[?&](?:tier|frames)(?:=|&|$)" || req.url !~ "[?&]format(?:=|&|$)") {
        call girasol_class;
        if (req.url !~ "[?&]format(?:=|&|$)") {
            if (req.url ~ "[?]") {
                set req.url = req.url + "&" + req.http.X-Girasol-Format;
            } else {
                set req.url = req.url + "?" + req.http.X-Girasol-Format;
            }
        }
        if (req.url !~ "[?&](?:tier|frames)(?:=|&|$)") {
            set req.url = regsub(req.url, "[?]", "?" + req.http.X-Girasol-Frames + "&");
        }
        unset req.http.X-Girasol-Frames;
        unset req.http.X-Girasol-Format;
    }
    unset req.http.Accept;
    unset req.http.Device-Memory;
    unset req.http.Downlink;
    unset req.http.ECT;
    unset req.http.RTT;
    unset req.http.Save-Data;
    unset req.http.Sec-CH-Device-Memory;
    unset req.http.Sec-CH-Downlink;
    unset req.http.Sec-CH-ECT;
    unset req.http.Sec-CH-RTT;
    unset req.http.Sec-CH-Save-Data;
    unset req.http.Sec-CH-UA-Mobile;
}
