alter table schema_programs drop column oldest_schema;
