alter table performance drop column misses;
alter table performance drop column hits;
