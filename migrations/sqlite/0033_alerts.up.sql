-- Conditions that hold, pending or firing, so that a process goes on with them that is started again.
create table alerts (
    rule           text not null,
    subject        text not null,        -- as a cache; empty: the rule says it all
    instance       text not null,        -- the server whose condition it is; empty: the service's
    since_ms       integer not null,
    fired_at_ms    integer,              -- null: pending
    seen_ms        integer not null,     -- when it was measured last
    value          real not null,
    notified_at_ms integer,
    escalated      integer not null default 0,
    primary key (instance, rule, subject)
) strict, without rowid;

-- What became of alerts.
create table alert_history (
    id       integer primary key autoincrement,
    at_ms    integer not null,
    kind     text not null,              -- firing, escalated, resolved
    rule     text not null,
    subject  text not null,
    since_ms integer not null,
    value    real not null
) strict;

-- Alerts of which an operator knows already.
create table alert_silences (
    rule     text not null,
    subject  text not null,              -- empty: all of them
    until_ms integer not null,
    reason   text not null,
    actor    text not null,
    primary key (rule, subject)
) strict, without rowid;

-- What channels have not taken yet.
create table alert_messages (
    id             integer primary key autoincrement,
    channel        text not null,
    what           text not null,        -- JSON
    attempts       integer not null default 0,
    next_at_ms     integer not null,
    lease          text,
    lease_until_ms integer,
    created_at_ms  integer not null
) strict;

-- Which server evaluates the rules of the service. One row, once one does.
create table alert_lease (
    id       integer primary key check (id = 1),
    holder   text not null,
    until_ms integer not null
) strict;

-- When a backup succeeded last. One row, once one did.
create table last_backup (
    id    integer primary key check (id = 1),
    at_ms integer not null
) strict;

-- Which versions are new, so that their quality is looked at.
create index versions_by_age on versions (created_at_ms);
