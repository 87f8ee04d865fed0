-- Products, their configurations, and the versions of each configuration's spin.
-- Times are milliseconds since 1970-01-01 UTC.

create table products (
    id            text collate "C" primary key,  -- ring.solitaire
    label         text collate "C" not null,
    revision      bigint not null default 1,  -- moves with whatever changes an answer that names the product
    created_at_ms bigint not null
);

create table options (
    product_id     text collate "C" not null references products (id),
    name           text collate "C" not null,
    label          text collate "C" not null,
    position       bigint not null,  -- the order of ids
    default_choice text collate "C" not null,
    added_later    boolean not null default false,  -- true: its default is left out of ids, so that older ids stay
    primary key (product_id, name)
);

create table choices (
    product_id text collate "C" not null,
    option     text collate "C" not null,
    value      text collate "C" not null,
    label      text collate "C" not null,
    swatch     text collate "C",  -- #rrggbb
    position   bigint not null,
    primary key (product_id, option, value),
    foreign key (product_id, option) references options (product_id, name)
);

create table configurations (
    id            text collate "C" primary key,  -- ring.solitaire.metal-yellow-gold.stone-diamond
    product_id    text collate "C" not null references products (id),
    choices       jsonb not null,  -- JSON object: option to choice
    last_version  bigint not null default 0,  -- the highest number given out
    live_version  bigint,
    created_at_ms bigint not null
);
create index configurations_by_product on configurations (product_id);

create table versions (
    configuration_id text collate "C" not null references configurations (id),
    version          bigint not null,
    kind             text collate "C" not null check (kind in ('early', 'full')),
    digest           text collate "C" not null unique,  -- of the manifest
    jpeg             text collate "C" not null,  -- digest of the hero frame as a JPEG
    source           text collate "C" not null,  -- digest of the raw frames in turn order
    settings         text collate "C" not null,  -- digest of all that shaped the encodes
    created_at_ms    bigint not null,
    primary key (configuration_id, version)
);
alter table configurations add foreign key (id, live_version) references versions (configuration_id, version);
create index versions_by_source on versions (configuration_id, source, settings);

-- An ingest under way in some process. A row whose heartbeat is old belongs to one that died.
create table ingests (
    configuration_id text collate "C" primary key,
    stage            text collate "C" not null,
    done             bigint not null,
    total            bigint not null,
    heartbeat_at_ms  bigint not null
);

-- Configurations that were asked for and have no spin.
create table demand (
    configuration_id text collate "C" primary key,
    product_id       text collate "C" not null references products (id),
    choices          jsonb not null,
    asked            bigint not null,
    last_at_ms       bigint not null
);
