-- Loses uploads under way of which this folder does not have all bytes, if there are any:
-- lost: exists (select 1 from upload_parts)
drop table upload_parts;
alter table uploads drop column writer;
alter table uploads drop column fence;
