-- What viewers measured: a row is one look. Nothing in it says whose.
create table vitals (
    id               integer primary key,
    at_ms            integer not null,
    configuration_id text not null references configurations (id),
    tier             text not null,
    format           text not null,
    first_frame_ms   integer,                      -- from when the viewer began to load; null: never came
    first_spin_ms    integer,
    full_standard_ms integer,
    switch_ms        integer,                      -- the one in the middle of all switches
    switches         integer not null,
    drag_frames      integer not null,
    drag_wanted      integer not null,
    bytes            integer not null,
    errors           integer not null
) strict;
create index vitals_by_time on vitals (at_ms);
