-- The slow reading of every object: how far this pass is, and which process reads now. One row.
create table scrub (
    id               integer primary key check (id = 1),
    began_at_ms      integer not null,             -- of this pass
    last_object      integer not null,             -- the id of the object that was read last
    ended_at_ms      integer,                      -- of the pass before
    lease            text,
    lease_until_ms   integer
) strict;
insert into scrub (id, began_at_ms, last_object) values (1, 0, 0);

-- Objects that a version needs and that were missing or damaged when they were read last.
create table object_faults (
    object_id  integer primary key references objects (id) on delete cascade,
    fault      text not null check (fault in ('missing', 'damaged')),
    seen_at_ms integer not null
) strict;
