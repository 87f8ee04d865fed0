-- Requests by address and by what was delivered, as each server counted them in a minute. Old minutes are added up to hours, of
-- all servers together.
create table performance (
    minutes    integer not null,               -- 1 or 60
    at_ms      integer not null,               -- when the period began
    instance   text not null,                  -- a server; empty: all of them
    route      text not null,
    class      text not null,                  -- empty: nothing was chosen
    requests   integer not null,
    errors     integer not null,
    bytes      integer not null,
    times      text not null,                  -- microseconds: buckets and counts
    primary key (minutes, at_ms, instance, route, class)
) strict, without rowid;

-- What servers measured of themselves in the same periods: sums of values, and how many they are.
create table performance_samples (
    minutes    integer not null,
    at_ms      integer not null,
    instance   text not null,
    name       text not null,
    total      real not null,
    samples    integer not null,
    primary key (minutes, at_ms, instance, name)
) strict, without rowid;

-- How the database runs statements that were slow.
create table performance_plans (
    name       text primary key,
    at_ms      integer not null,               -- when it was asked
    took_ms    real not null,                  -- what was slow
    plan       text not null                   -- lines; empty: it gives none
) strict, without rowid;
