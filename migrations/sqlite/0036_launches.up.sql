-- Launches that operators plan while servers run, beside those of the settings.
create table launches (
    id       integer primary key autoincrement,
    name     text not null unique,
    from_ms  integer not null,
    until_ms integer not null,
    products text not null,  -- JSON: ids; none: the most popular ones
    edges    text not null   -- JSON: addresses of caches in front
) strict;
