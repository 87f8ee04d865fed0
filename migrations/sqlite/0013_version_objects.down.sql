-- Loses which objects versions need, if there are any:
-- lost: exists (select 1 from objects)
create table garbage (
    key          text primary key,
    remove_at_ms integer not null
) strict, without rowid;

drop index versions_unlisted;
drop index versions_by_removal;
alter table versions drop column state;
drop table version_objects;
drop table objects;
