-- Loses frame sets, if there are any:
-- lost: exists (select 1 from framesets)
drop table uploads;
drop table frames;
drop table framesets;
