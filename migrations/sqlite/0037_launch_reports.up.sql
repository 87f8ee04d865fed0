-- Reports of launches that are over.
create table launch_reports (
    id       integer primary key autoincrement,
    name     text not null,
    from_ms  integer not null,
    until_ms integer not null,
    made_ms  integer not null,
    figures  text not null,  -- JSON
    unique (name, from_ms)
) strict;
