-- Which objects each version needs, so that garbage is found by a query and no manifest is read for it.

-- An object that the database knows of. Its row is there before the object is written, and until it is deleted.
create table objects (
    id             integer primary key,
    namespace      text not null,                  -- hex of a private namespace; empty: the public one
    key            text not null,                  -- path within the namespace, as p/DIGEST.pack
    state          text not null default 'stored' check (state in ('stored', 'deleting')),
    remove_at_ms   integer,                        -- set while no version needs it: it may be deleted from then on
    lease          text,                           -- of the collector that deletes it
    lease_until_ms integer,
    unique (namespace, key)
) strict;
create index objects_by_removal on objects (remove_at_ms) where remove_at_ms is not null;

create table version_objects (
    configuration_id text not null,
    version          integer not null,
    object_id        integer not null references objects (id) on delete cascade,
    primary key (configuration_id, version, object_id),
    foreign key (configuration_id, version) references versions (configuration_id, version) on delete cascade
) strict, without rowid;
create index version_objects_by_object on version_objects (object_id);

-- pending: its objects are being written; remove_at_ms says when its writer counts as dead.
-- unlisted: it is older than version_objects, and what it needs stands in its manifest alone.
alter table versions add column state text not null default 'unlisted'
    check (state in ('pending', 'unlisted', 'complete'));
create index versions_by_removal on versions (remove_at_ms) where remove_at_ms is not null;
create index versions_unlisted on versions (state) where state = 'unlisted';

-- What it held was found by listing the store, which finds it again.
drop table garbage;
