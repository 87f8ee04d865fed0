-- Loupes are made again; until then their frames stay, and are deleted with their versions:
-- lost: exists (select 1 from loupes)
drop table loupe_cpu;
drop table loupes;
