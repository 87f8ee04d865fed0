-- The oldest schema whose programs can run on this one: they find every table and column that they know. 0: none but its own.
alter table schema_programs add column oldest_schema integer not null default 0;
