-- Loses conditions of uploads under way, if there are any:
-- lost: exists (select 1 from uploads where if_match is not null or if_none_match is not null)
alter table uploads drop column if_none_match;
alter table uploads drop column if_match;
