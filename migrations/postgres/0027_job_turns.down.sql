-- Every artist and every product begins anew.
drop table job_turns;
