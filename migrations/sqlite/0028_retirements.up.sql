-- Configurations of which a version may have to be retired, and when: a change notes its configuration, and a look at one notes
-- the next. So a collection reads the versions of no others.
create table retirements (
    configuration_id text primary key references configurations (id) on delete cascade,
    look_at_ms       integer not null              -- from then on
) strict, without rowid;
create index retirements_by_time on retirements (look_at_ms);

-- The rules by which all configurations were looked at last. One row, once they were.
create table retirement_rules (
    id           integer primary key check (id = 1),
    keep         integer not null,
    keep_ms      integer not null,
    looked_at_ms integer not null
) strict;
