drop table schema_programs;
