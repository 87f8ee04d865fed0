-- The queue: committed frame sets, to be encoded. A job that runs is leased; a lease that ran out belongs to a worker that died.

create table jobs (
    id               text primary key,             -- 128 random bits, hex
    frameset_id      text not null unique references framesets (id),
    state            text not null check (state in ('queued', 'running', 'ready', 'failed', 'cancelled')),
    priority         integer not null default 0,   -- higher goes first
    attempts         integer not null default 0,   -- how often a worker took it
    run_at_ms        integer not null,             -- not before; moves on after a failure
    lease            text,                         -- of the worker that has it
    lease_until_ms   integer,
    stage            text,                         -- as `encode preview`
    done             integer not null default 0,   -- steps of the stage
    total            integer not null default 0,
    configuration_id text,                         -- when it is ready
    version          integer,
    failure          text,                         -- JSON object: slug, message, file, remedy
    created_at_ms    integer not null,
    changed_at_ms    integer not null
) strict, without rowid;
create index jobs_by_turn on jobs (state, priority desc, run_at_ms);

-- What happened to jobs, for whoever watches. Numbers only grow, so that a watcher can go on where it was.
create table job_events (
    id     integer primary key autoincrement,
    job_id text not null references jobs (id),
    at_ms  integer not null,
    kind   text not null,                          -- progress, log, or a state
    data   text not null                           -- JSON object
) strict;
create index job_events_by_job on job_events (job_id, id);
