-- Loses what visitors' browsers measured, if anything was:
-- lost: exists (select 1 from user_performance) or exists (select 1 from looks)
drop table looks;
drop table user_performance;
