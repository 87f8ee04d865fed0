-- Loses the name that ties the database to its store, if there are any:
-- lost: exists (select 1 from identity)
drop table identity;
