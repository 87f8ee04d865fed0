-- Loses retired versions, the figures of frames, and secrets, if there are any:
-- lost: exists (select 1 from versions where remove_at_ms is not null or frames is not null) or exists (select 1 from secrets)
drop table secrets;
drop table removals;
drop table garbage;
alter table versions drop column frames;
alter table versions drop column remove_at_ms;
