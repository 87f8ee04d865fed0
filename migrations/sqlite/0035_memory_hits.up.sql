-- Answers by whether all that they asked the memory of their server for was there. Those that asked for nothing count as neither.
alter table performance add column hits integer not null default 0;
alter table performance add column misses integer not null default 0;
