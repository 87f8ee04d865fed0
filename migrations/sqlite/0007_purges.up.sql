-- What caches outside have to let go of: written with the change itself, told to each of them until it has heard.

create table purges (
    id         integer primary key autoincrement,
    subject    text    not null,                   -- the configuration, or what was named by hand
    what       text    not null,                   -- tags, configurations, products and paths, as JSON
    soft       integer,                            -- 0 hard, 1 soft, null as publishing is configured
    again      integer not null,                   -- told again until every server has forgotten what was before
    handed_out integer not null default 0,         -- every cache that is configured has its delivery
    at_ms      integer not null
) strict;
create index purges_by_subject on purges (subject);

create table purge_deliveries (
    id             integer primary key autoincrement,
    purge_id       integer not null references purges (id) on delete cascade,
    target         text    not null,               -- the name in the config
    soft           integer not null,
    state          text    not null,               -- pending, failed
    round          integer not null default 0,     -- how often it was heard
    attempts       integer not null default 0,     -- in vain, since it was heard last
    alone          integer not null default 0,     -- was refused: goes in no batch with others
    next_at_ms     integer not null,
    lease          text,
    lease_until_ms integer,
    error          text,
    changed_at_ms  integer not null,
    unique (purge_id, target)
) strict;
create index purge_deliveries_due on purge_deliveries (target, state, next_at_ms);

-- Caches that have asked to be left alone for a while.
create table purge_pauses (
    target   text    primary key,
    until_ms integer not null
) strict, without rowid;
