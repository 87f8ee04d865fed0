-- The name of this database, which the store with its objects has too. One row, once the two know each other.
create table identity (
    "only" bigint primary key default 1 check ("only" = 1),
    name text collate "C" not null  -- 32 digits of hex
);
