-- The loupe of a version: frames at the raw frames' own size, made while nothing else waits.
create table loupes (
    configuration_id text not null,
    version          integer not null,
    frameset_id      text not null,   -- whose raw frames are encoded
    state            text not null check (state in
        ('queued', 'running', 'ready', 'unneeded', 'frames-gone', 'failed')),
    asked_at_ms      integer,                     -- when a visitor asked for it; null where none did
    attempts         integer not null default 0,
    run_at_ms        integer not null,
    lease            text,
    lease_until_ms   integer,
    loupe            text,                      -- JSON: size, degrees, and the set of each format
    bytes            integer not null default 0,
    cpu_ms           integer not null default 0,
    created_at_ms    integer not null,
    changed_at_ms    integer not null,
    primary key (configuration_id, version),
    foreign key (configuration_id, version) references versions (configuration_id, version) on delete cascade
) strict;
create index loupes_open on loupes (state) where state in ('queued', 'running');
create index loupes_asked on loupes (asked_at_ms) where asked_at_ms is not null;

-- CPU time that loupes took, of all processes, in slots of ten minutes.
create table loupe_cpu (
    at_ms  integer primary key,
    cpu_ms integer not null
) strict;
