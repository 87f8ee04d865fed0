-- Loses keys and the audit trail, if there are any:
-- lost: exists (select 1 from keys) or exists (select 1 from audit)
drop table audit;
drop table sessions;
drop table keys;
