-- Loses measurements of viewers, if there are any:
-- lost: exists (select 1 from vitals)
drop table vitals;
