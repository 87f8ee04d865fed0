-- Loses which frame sets wait for frames in the bucket, if there are any:
-- lost: exists (select 1 from framesets where in_bucket)
alter table framesets drop column in_bucket;
