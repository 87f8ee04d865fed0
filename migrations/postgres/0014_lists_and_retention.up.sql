-- Lists that pages ask for every few seconds read their rows in order.
create index jobs_by_change on jobs (changed_at_ms desc, id);
create index framesets_by_touch on framesets (touched_at_ms desc, id);
create index demand_by_count on demand (asked desc, last_at_ms desc);

-- Old events are deleted by time.
create index job_events_by_time on job_events (at_ms);

-- Digest of the raw frames that a job's version was made from, so that the frames are kept while a version made from
-- them is. The number of that version is not enough: protecting a configuration numbers its versions anew.
alter table jobs add column source text collate "C";
update jobs set source = (select v.source from versions v
                          where v.configuration_id = jobs.configuration_id and v.version = jobs.version);
