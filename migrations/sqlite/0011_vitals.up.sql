-- What viewers measured: a row is one look. Nothing in it says whose.
create table vitals (
    id               integer primary key,
    at_ms            integer not null,
    configuration_id text not null references configurations (id),
    tier             text not null,
    frame_ms         integer,                      -- from when it came near the viewport; null: never
    spin_ms          integer,                      -- until the first tier could be turned
    full_ms          integer,                      -- until the last tier was whole
    switches         integer not null,
    switch_ms        integer,                      -- the slowest
    turned           integer not null,             -- frames painted while the piece turned
    wanted           integer not null,             -- of them, those at the wanted angle
    bytes            integer not null,
    errors           integer not null
) strict;
create index vitals_by_time on vitals (at_ms);
