-- Polishing: live spins are encoded again with more effort while nothing else waits.

-- The version that this one was polished from: of the same frames by the same rules, only better.
alter table versions add column variant_of integer;

-- Each try, which is never made twice.
create table polishes (
    id               integer primary key autoincrement,
    configuration_id text not null references configurations (id),
    version          integer not null,            -- what was live
    published_at_ms  integer not null,            -- when it had gone live
    frameset_id      text not null,               -- whose raw frames are encoded
    source           text not null,               -- digest of the raw frames in turn order
    settings         text not null,               -- digest of all that shapes the encodes
    state            text not null check (state in
        ('queued', 'running', 'better', 'not-better', 'overtaken', 'frames-gone', 'failed')),
    attempts         integer not null default 0,
    run_at_ms        integer not null,
    lease            text,
    lease_until_ms   integer,
    made_version     integer,
    gains            text,                        -- JSON: quality of each rendition, before and after
    cpu_ms           integer not null default 0,
    created_at_ms    integer not null,
    changed_at_ms    integer not null,
    unique (configuration_id, source, settings)
) strict;
create index polishes_open on polishes (state) where state in ('queued', 'running');

-- CPU time that polishing took, of all processes, in slots of ten minutes.
create table polish_cpu (
    at_ms  integer primary key,
    cpu_ms integer not null
) strict;

-- The raw frames of a spin are found by the job that has made something of them.
create index jobs_by_configuration on jobs (configuration_id) where configuration_id is not null;
