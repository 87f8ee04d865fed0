-- Configurations that were removed. The numbers of their versions are never given out again: links may name them.
create table removed_configurations (
    configuration_id text collate "C" primary key,
    last_version     bigint not null
);
