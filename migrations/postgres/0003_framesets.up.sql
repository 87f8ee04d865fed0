-- Frame sets: what artists send for a configuration, until it is ingested.

create table framesets (
    id            text collate "C" primary key,  -- 128 random bits, hex
    product_id    text collate "C" not null,  -- which need not be there yet
    choices       jsonb not null,  -- JSON object: option to choice
    settings      jsonb not null,  -- JSON object: angles, direction, ground, effort
    expected      bigint,  -- frames that were announced; the set closes by itself with the last
    state         text collate "C" not null check (state in ('open', 'committed')),
    key_id        text collate "C" not null references keys (id),
    created_at_ms bigint not null,
    touched_at_ms bigint not null  -- abandoned sets expire
);
create index framesets_by_state on framesets (state, touched_at_ms);
create index framesets_by_key on framesets (key_id, state);

-- A frame of a set that has arrived whole. Its file is there before its row.
create table frames (
    frameset_id text collate "C" not null references framesets (id),
    name        text collate "C" not null,
    bytes       bigint not null,
    digest      text collate "C" not null,  -- of the file
    primary key (frameset_id, name)
);

-- Resumable uploads that have begun.
create table uploads (
    id            text collate "C" primary key,  -- 128 random bits, hex
    frameset_id   text collate "C" not null references framesets (id),
    name          text collate "C" not null,  -- of the file that it becomes
    length        bigint not null,
    received      bigint not null,  -- bytes that are on disk for certain
    metadata      text collate "C" not null,  -- Upload-Metadata as it was sent
    finished      boolean not null default false,  -- true: its file is a frame of the set
    touched_at_ms bigint not null
);
create index uploads_by_frameset on uploads (frameset_id);
create index uploads_by_age on uploads (touched_at_ms);
