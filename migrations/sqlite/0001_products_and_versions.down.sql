-- Loses products or configurations, if there are any:
-- lost: exists (select 1 from products)
drop table demand;
drop table ingests;
update configurations set live_version = null;
drop table versions;
drop table configurations;
drop table choices;
drop table options;
drop table products;
