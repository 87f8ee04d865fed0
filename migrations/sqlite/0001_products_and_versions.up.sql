-- Products, their configurations, and the versions of each configuration's spin.
-- Times are milliseconds since 1970-01-01 UTC.

create table products (
    id            text primary key,                -- ring.solitaire
    label         text not null,
    revision      integer not null default 1,      -- moves with whatever changes an answer that names the product
    created_at_ms integer not null
) strict;

create table options (
    product_id     text not null references products (id),
    name           text not null,
    label          text not null,
    position       integer not null,               -- the order of ids
    default_choice text not null,
    added_later    integer not null default 0,     -- 1: its default is left out of ids, so that older ids stay
    primary key (product_id, name)
) strict, without rowid;

create table choices (
    product_id text not null,
    option     text not null,
    value      text not null,
    label      text not null,
    swatch     text,                               -- #rrggbb
    position   integer not null,
    primary key (product_id, option, value),
    foreign key (product_id, option) references options (product_id, name)
) strict, without rowid;

create table configurations (
    id            text primary key,                -- ring.solitaire.metal-yellow-gold.stone-diamond
    product_id    text not null references products (id),
    choices       text not null,                   -- JSON object: option to choice
    last_version  integer not null default 0,      -- the highest number given out
    live_version  integer,
    created_at_ms integer not null,
    foreign key (id, live_version) references versions (configuration_id, version)
) strict;
create index configurations_by_product on configurations (product_id);

create table versions (
    configuration_id text not null references configurations (id),
    version          integer not null,
    kind             text not null check (kind in ('early', 'full')),
    digest           text not null unique,         -- of the manifest
    jpeg             text not null,                -- digest of the hero frame as a JPEG
    source           text not null,                -- digest of the raw frames in turn order
    settings         text not null,                -- digest of all that shaped the encodes
    created_at_ms    integer not null,
    primary key (configuration_id, version)
) strict, without rowid;
create index versions_by_source on versions (configuration_id, source, settings);

-- An ingest under way in some process. A row whose heartbeat is old belongs to one that died.
create table ingests (
    configuration_id text primary key,
    stage            text not null,
    done             integer not null,
    total            integer not null,
    heartbeat_at_ms  integer not null
) strict, without rowid;

-- Configurations that were asked for and have no spin.
create table demand (
    configuration_id text primary key,
    product_id       text not null references products (id),
    choices          text not null,
    asked            integer not null,
    last_at_ms       integer not null
) strict, without rowid;
