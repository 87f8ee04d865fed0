-- Frame sets: what artists send for a configuration, until it is ingested.

create table framesets (
    id            text primary key,                -- 128 random bits, hex
    product_id    text not null,                   -- which need not be there yet
    choices       text not null,                   -- JSON object: option to choice
    settings      text not null,                   -- JSON object: angles, direction, ground, effort
    expected      integer,                         -- frames that were announced; the set closes by itself with the last
    state         text not null check (state in ('open', 'committed')),
    key_id        text not null references keys (id),
    created_at_ms integer not null,
    touched_at_ms integer not null                 -- sets that nobody touches expire
) strict, without rowid;
create index framesets_by_state on framesets (state, touched_at_ms);
create index framesets_by_key on framesets (key_id, state);

-- A frame of a set that has arrived whole. Its file is there before its row.
create table frames (
    frameset_id text not null references framesets (id),
    name        text not null,
    bytes       integer not null,
    digest      text not null,                     -- of the file
    primary key (frameset_id, name)
) strict, without rowid;

-- Resumable uploads that have begun.
create table uploads (
    id            text primary key,                -- 128 random bits, hex
    frameset_id   text not null references framesets (id),
    name          text not null,                   -- of the file that it becomes
    length        integer not null,
    received      integer not null,                -- bytes that are on disk for certain
    metadata      text not null,                   -- Upload-Metadata as it was sent
    finished      integer not null default 0,      -- 1: its file is a frame of the set
    touched_at_ms integer not null
) strict, without rowid;
create index uploads_by_frameset on uploads (frameset_id);
create index uploads_by_age on uploads (touched_at_ms);
