create index demand_by_count on demand (asked desc, last_at_ms desc);
drop index demand_by_rank;
drop index uploads_unfinished;
drop index purges_to_hand_out;
drop index configurations_by_age;
drop index popularity_by_heat;
