-- Loses of which frames jobs have made versions, if there are any:
-- lost: exists (select 1 from jobs where source is not null)
alter table jobs drop column source;
drop index job_events_by_time;
drop index demand_by_count;
drop index framesets_by_touch;
drop index jobs_by_change;
