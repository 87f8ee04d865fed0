-- Any server may go on with an upload that another began. A request that writes to it takes it over and raises its fence, so that
-- an earlier one notes nothing more.
alter table uploads add column fence bigint not null default 0;
-- Which process noted its last bytes: that one has all of them on its disk.
alter table uploads add column writer text collate "C" not null default '';
-- Where the store is a bucket, the bytes that are there, in the order of the file and without a gap.
create table upload_parts (
    upload_id  text collate "C" not null references uploads (id) on delete cascade,
    fence      bigint not null,  -- of the request that put it
    first_byte bigint not null,
    bytes      bigint not null,
    digest     text collate "C" not null,  -- BLAKE3
    primary key (upload_id, first_byte)
);
