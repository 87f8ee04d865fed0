-- Loses jobs, if there are any:
-- lost: exists (select 1 from jobs)
drop table job_events;
drop table jobs;
