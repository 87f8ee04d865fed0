alter table versions rename column namespace to space;
alter table configurations rename column namespace to space;
