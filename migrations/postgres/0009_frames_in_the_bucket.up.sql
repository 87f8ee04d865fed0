-- Frames that artists put into the bucket themselves.

-- true: an artist was shown where in the bucket the set's frames go, so that some may wait there. Its job fetches them.
alter table framesets add column in_bucket boolean not null default false;
