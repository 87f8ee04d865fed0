-- What is asked for often, and read whole tables.
create index popularity_by_heat on popularity (heat desc);
create index configurations_by_age on configurations (created_at_ms desc)
    where live_version is not null and namespace is null;
create index purges_to_hand_out on purges (id) where handed_out = false;
create index uploads_unfinished on uploads (frameset_id) where not finished;
-- The whole order in which demand is deleted.
create index demand_by_rank on demand (asked desc, last_at_ms desc, configuration_id desc);
drop index demand_by_count;
