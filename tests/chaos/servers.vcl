vcl 4.1;

# What `girasol edge varnish` printed, in front of several servers. A server that is not ready gets no requests while another
# one is; where none is, as while the database is away, those that are live still give what they know.

import directors;

# backends

sub vcl_init {
    new ready = directors.round_robin();
    new live = directors.round_robin();
    # fill
    new servers = directors.fallback();
    servers.add_backend(ready.backend());
    servers.add_backend(live.backend());
}

# Before the subroutine of the same name in the printed file.
sub vcl_recv {
    set req.backend_hint = servers.backend();
}

include "girasol.vcl";
