-- Loses which objects versions need, if there are any:
-- lost: exists (select 1 from objects)
create table garbage (
    key          text collate "C" primary key,
    remove_at_ms bigint not null
);

drop index versions_unlisted;
drop index versions_by_removal;
alter table versions drop column state;
drop table version_objects;
drop table objects;
