-- Frames that artists put into the bucket themselves.

-- 1: somebody was told where in the bucket the set's frames go, so that some may wait there. Its job fetches them.
alter table framesets add column in_bucket integer not null default 0 check (in_bucket in (0, 1));
