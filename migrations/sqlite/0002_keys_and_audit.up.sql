-- API keys, the sessions that they are exchanged for, and who changed what.

create table keys (
    id              text primary key,              -- public: what lists and the trail name
    role            text not null check (role in ('artist', 'admin', 'metrics')),
    label           text not null,
    secret_sha256   text not null,                 -- of 256 random bits, so that a slow hash would add nothing
    created_at_ms   integer not null,
    last_used_at_ms integer,                       -- to the minute
    revoked_at_ms   integer
) strict, without rowid;

create table sessions (
    token_sha256  text primary key,
    key_id        text not null references keys (id),
    expires_at_ms integer not null
) strict, without rowid;
create index sessions_by_key on sessions (key_id);

-- Rows are only ever added.
create table audit (
    id      integer primary key autoincrement,
    at_ms   integer not null,
    actor   text not null,                         -- a key's id, or `command line`
    address text,                                  -- where the request came from
    action  text not null,                         -- key.create
    subject text not null,                         -- what was changed
    detail  text not null                          -- JSON object
) strict;
