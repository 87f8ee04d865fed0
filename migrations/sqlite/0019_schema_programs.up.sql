-- Which program made each schema first, so that an older program can name the one to use.
create table schema_programs (
    schema_version integer primary key,
    program        text not null,                  -- as `girasol --version` prints it
    at_ms          integer not null
) strict;
