-- Configurations of which a version may have to be retired, and when: a change notes its configuration, and a look at one notes
-- the next. So a collection reads the versions of no others.
create table retirements (
    configuration_id text collate "C" primary key references configurations (id) on delete cascade,
    look_at_ms       bigint not null  -- from then on
);
create index retirements_by_time on retirements (look_at_ms);

-- The rules by which all configurations were looked at last. One row, once they were.
create table retirement_rules (
    id           bigint primary key check (id = 1),
    keep         bigint not null,
    keep_ms      bigint not null,
    looked_at_ms bigint not null
);
