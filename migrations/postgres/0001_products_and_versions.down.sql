-- Loses products or configurations, if there are any:
-- lost: exists (select 1 from products)
drop table demand;
drop table ingests;
alter table configurations drop constraint configurations_id_live_version_fkey;
drop table versions;
drop table configurations;
drop table choices;
drop table options;
drop table products;
