-- Work that is queued ends without its trace.
alter table purges drop column trace;
alter table jobs drop column trace;
