-- A check is begun again when it is asked for.
drop table frameset_checks;
