-- Checks that run, so that other servers wait for what they find instead of looking too. What was found is a file of the set.
create table frameset_checks (
    frameset_id   text primary key references framesets (id) on delete cascade,
    revision      text not null,  -- of the frames that are looked at
    done          integer not null,
    total         integer not null,
    touched_at_ms integer not null  -- one that stands still is begun anew
) strict, without rowid;
