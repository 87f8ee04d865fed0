-- Which program made each schema first, so that an older program can name the one to use.
create table schema_programs (
    schema_version bigint primary key,
    program        text collate "C" not null,  -- as `girasol --version` prints it
    at_ms          bigint not null
);
