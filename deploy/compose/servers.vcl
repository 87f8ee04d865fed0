vcl 4.1;

# What `girasol edge varnish` printed, in front of two servers: it names one, and this file adds the other. A server whose
# probe fails gets no requests.

import directors;

backend second {
    .host = "server-2";
    .port = "8360";
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

sub vcl_init {
    new servers = directors.round_robin();
    servers.add_backend(girasol);
    servers.add_backend(second);
}

# Before the subroutine of the same name in the printed file.
sub vcl_recv {
    set req.backend_hint = servers.backend();
}

include "girasol.vcl";
