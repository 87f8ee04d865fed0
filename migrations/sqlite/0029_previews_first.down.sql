-- Jobs under way go on in the order in which they were queued.
drop index jobs_without_preview;
alter table jobs drop column preview_version;
alter table jobs drop column rest_since_ms;
