-- Loses the protection of configurations, if there are any:
-- lost: exists (select 1 from configurations where space is not null) or exists (select 1 from framesets where protected)
alter table secrets drop column created_at_ms;
alter table framesets drop column protected;
alter table versions drop column space;
alter table configurations drop column space;
