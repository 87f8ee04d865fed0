-- Where queued work was caused, as a traceparent (W3C Trace Context); null: no trace was named or recorded.
alter table jobs add column trace text collate "C";
alter table purges add column trace text collate "C";
