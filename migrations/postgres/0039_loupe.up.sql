-- The loupe of a version: frames at the raw frames' own size, made while nothing else waits.
create table loupes (
    configuration_id text collate "C" not null,
    version          bigint not null,
    frameset_id      text collate "C" not null,   -- whose raw frames are encoded
    state            text collate "C" not null check (state in
        ('queued', 'running', 'ready', 'unneeded', 'frames-gone', 'failed')),
    asked_at_ms      bigint,                     -- when a visitor asked for it; null where none did
    attempts         bigint not null default 0,
    run_at_ms        bigint not null,
    lease            text collate "C",
    lease_until_ms   bigint,
    loupe            jsonb,                      -- JSON: size, degrees, and the set of each format
    bytes            bigint not null default 0,
    cpu_ms           bigint not null default 0,
    created_at_ms    bigint not null,
    changed_at_ms    bigint not null,
    primary key (configuration_id, version),
    foreign key (configuration_id, version) references versions (configuration_id, version) on delete cascade
);
create index loupes_open on loupes (state) where state in ('queued', 'running');
create index loupes_asked on loupes (asked_at_ms) where asked_at_ms is not null;

-- CPU time that loupes took, of all processes, in slots of ten minutes.
create table loupe_cpu (
    at_ms  bigint primary key,
    cpu_ms bigint not null
);
