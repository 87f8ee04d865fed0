vcl 4.1;

# What `girasol edge varnish` printed, in front of two servers: it names one, and this file adds the other. A server whose
# probe fails gets no requests. One that is ready comes first, so that a server that stops gets none any more before it
# closes; where no server is ready, as while the database is away, those that are live still give what they know.

import directors;

probe ready {
    .url = "/api/health/ready";
    .interval = 2s;
    .timeout = 1s;
    .window = 4;
    .threshold = 3;
    .initial = 3;
}

backend first_ready {
    .host = "server-1";
    .port = "8360";
    .connect_timeout = 2s;
    .first_byte_timeout = 30s;
    .between_bytes_timeout = 30s;
    .probe = ready;
}

backend second_ready {
    .host = "server-2";
    .port = "8360";
    .connect_timeout = 2s;
    .first_byte_timeout = 30s;
    .between_bytes_timeout = 30s;
    .probe = ready;
}

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
    new all_ready = directors.round_robin();
    all_ready.add_backend(first_ready);
    all_ready.add_backend(second_ready);
    new all_live = directors.round_robin();
    all_live.add_backend(girasol);
    all_live.add_backend(second);
    new servers = directors.fallback();
    servers.add_backend(all_ready.backend());
    servers.add_backend(all_live.backend());
}

# Before the subroutine of the same name in the printed file.
sub vcl_recv {
    set req.backend_hint = servers.backend();
}

include "girasol.vcl";
