-- Loses what frame sets count for quotas, if there are any:
-- lost: exists (select 1 from staged_files)
drop table heartbeat;
drop table staged_files;
