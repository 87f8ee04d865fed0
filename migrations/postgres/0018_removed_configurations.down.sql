-- Loses version numbers that are not given out again, if there are any:
-- lost: exists (select 1 from removed_configurations)
drop table removed_configurations;
