-- Which artist's key and which product had a job claimed when: the one whose turn is longest ago is next, however many jobs it has.
create table job_turns (
    whose text primary key,  -- key:ID or product:ID
    turn  integer not null      -- counts claims
) strict, without rowid;
create index job_turns_by_turn on job_turns (turn);
