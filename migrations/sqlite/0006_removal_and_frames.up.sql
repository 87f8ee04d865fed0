-- What nothing needs any more, and what is known of each frame.

-- Set: the version is gone for everybody, and its objects may go from then on: at once after a take-down, else when no
-- cached answer can name them any more.
alter table versions add column remove_at_ms integer;
-- Bytes and SSIMULACRA2 of each frame, as JSON. Older versions have none.
alter table versions add column frames text;

-- Objects that no version needs, and when they may go.
create table garbage (
    key          text primary key,                 -- path of the object
    remove_at_ms integer not null
) strict, without rowid;

-- Objects were removed while caches might have named them: whoever holds some in memory lets go of them.
create table removals (
    id    integer primary key autoincrement,
    at_ms integer not null
) strict;

-- What links are signed with: random, and the same for every server.
create table secrets (
    name  text primary key,
    value text not null                            -- hex
) strict, without rowid;
