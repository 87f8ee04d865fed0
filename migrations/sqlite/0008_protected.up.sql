-- Protected sequences: nothing of them is public.

-- Set: the configuration is protected, and its versions lie in this private space of the store (128 random bits, hex).
alter table configurations add column space text;
-- Where the objects of a version lie. A version of the other kind than its configuration is on its way out.
alter table versions add column space text;

-- 1: its configuration is protected before anything of it is stored.
alter table framesets add column protected integer not null default 0;

-- Signing keys are called `signing.ID`; the newest one signs. Links are signed with them too from now on.
alter table secrets add column created_at_ms integer not null default 0;
delete from secrets where name = 'look';
