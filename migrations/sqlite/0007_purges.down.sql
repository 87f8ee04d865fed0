-- Loses purges that wait for their caches, if there are any:
-- lost: exists (select 1 from purges)
drop table purge_pauses;
drop table purge_deliveries;
drop table purges;
