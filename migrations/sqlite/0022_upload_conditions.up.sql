-- The conditions of a resumable upload, as its client sent them: they are judged again when its file becomes a frame.
alter table uploads add column if_match text;
alter table uploads add column if_none_match text;
