-- Previews of new sets go before standard and hd of others.

-- Since when standard and hd are all that is left of the job: its preview is made, or it has none to make.
alter table jobs add column rest_since_ms integer;
-- The early version that it has made.
alter table jobs add column preview_version integer;
create index jobs_without_preview on jobs (priority desc, run_at_ms) where state = 'queued' and rest_since_ms is null;
