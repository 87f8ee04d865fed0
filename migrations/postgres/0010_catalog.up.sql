-- What a product's file says beyond options and choices, and what visitors look at.

-- JSON: places on the piece, for every configuration of the product.
alter table products add column hotspots jsonb not null default '[]';
-- true: it stands in a product's file, so that it is public also before a configuration has it.
alter table products add column listed boolean not null default false;
alter table choices add column listed boolean not null default false;

-- How often configurations are looked at, lately: heat is log2 of a count in which each look halves in seven days, plus
-- the time in units of seven days. So written it never has to be brought up to date, and its order is that of the counts.
create table popularity (
    configuration_id text collate "C" primary key references configurations (id),
    product_id       text collate "C" not null references products (id),
    heat             double precision not null
);
create index popularity_by_product on popularity (product_id, heat desc);
