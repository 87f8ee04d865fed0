-- Which versions visitors have seen, for going back to one; and which configurations were taken down on purpose.
alter table versions add column published_at_ms integer;
alter table configurations add column taken_down_at_ms integer;

update versions set published_at_ms = created_at_ms
where exists (select 1 from configurations c
              where c.id = versions.configuration_id and c.live_version = versions.version);

-- How long a running job will still take, about.
alter table jobs add column left_ms integer;
