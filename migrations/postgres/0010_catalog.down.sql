-- Loses hotspots, listed choices and popularity, if there are any:
-- lost: exists (select 1 from popularity) or exists (select 1 from products where listed) or exists (select 1 from choices where listed)
drop table popularity;
alter table choices drop column listed;
alter table products drop column listed;
alter table products drop column hotspots;
