-- Files of frame sets in the staging area, by their content: what a key's quota counts. A frame that is replaced or removed
-- leaves its file, which counts until all of the set's files are deleted.
create table staged_files (
    frameset_id text not null references framesets (id),
    digest      text not null,
    bytes       integer not null,
    primary key (frameset_id, digest)
) strict, without rowid;
insert into staged_files (frameset_id, digest, bytes)
select frameset_id, digest, max(bytes) from frames group by frameset_id, digest;

-- A row that readiness writes to, so that it knows whether the database takes writes.
create table heartbeat (
    id    integer primary key check (id = 1),
    at_ms integer not null
) strict;
insert into heartbeat (id, at_ms) values (1, 0);
