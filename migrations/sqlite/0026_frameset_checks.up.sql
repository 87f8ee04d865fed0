-- The newest check of each set: other servers wait for one that runs instead of looking too, and a commit asks one that has ended.
-- What was found is a file of the set.
create table frameset_checks (
    frameset_id   text primary key references framesets (id) on delete cascade,
    revision      text not null,  -- of the frames that are looked at
    done          integer not null,
    total         integer not null,
    touched_at_ms integer not null  -- one that stands still is begun anew
) strict, without rowid;
