-- Requests by address and by what was delivered, as each server counted them in a minute. Old minutes are added up to hours, of
-- all servers together.
create table performance (
    minutes    bigint not null,  -- 1 or 60
    at_ms      bigint not null,  -- when the period began
    instance   text collate "C" not null,  -- a server; empty: all of them
    route      text collate "C" not null,
    class      text collate "C" not null,  -- empty: nothing was chosen
    requests   bigint not null,
    errors     bigint not null,
    bytes      bigint not null,
    times      text collate "C" not null,  -- microseconds: buckets and counts
    primary key (minutes, at_ms, instance, route, class)
);

-- What servers measured of themselves in the same periods: sums of values, and how many they are.
create table performance_samples (
    minutes    bigint not null,
    at_ms      bigint not null,
    instance   text collate "C" not null,
    name       text collate "C" not null,
    total      double precision not null,
    samples    bigint not null,
    primary key (minutes, at_ms, instance, name)
);

-- How the database runs statements that were slow.
create table performance_plans (
    name       text collate "C" primary key,
    at_ms      bigint not null,  -- when it was asked
    took_ms    double precision not null,  -- what was slow
    plan       text collate "C" not null  -- lines; empty: it gives none
);
