-- What a product's file says beyond options and choices, and what visitors look at.

-- JSON: places on the piece, for every configuration of the product.
alter table products add column hotspots text not null default '[]';
-- 1: it stands in a product's file, so that it is public also before a configuration has it.
alter table products add column listed integer not null default 0;
alter table choices add column listed integer not null default 0;

-- How often configurations are looked at, lately: heat is log2 of a count in which each look halves in seven days, plus
-- the time in units of seven days. So written it never has to be brought up to date, and its order is that of the counts.
create table popularity (
    configuration_id text primary key references configurations (id),
    product_id       text not null references products (id),
    heat             real not null
) strict, without rowid;
create index popularity_by_product on popularity (product_id, heat desc);
