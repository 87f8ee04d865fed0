-- What was tried is lost, and tried again; versions that were polished count as the artist's:
-- lost: exists (select 1 from polishes)
drop index jobs_by_configuration;
drop table polish_cpu;
drop table polishes;
alter table versions drop column variant_of;
