-- The word of the code, the documentation and the trade for what `space` was here.
alter table configurations rename column space to namespace;
alter table versions rename column space to namespace;
