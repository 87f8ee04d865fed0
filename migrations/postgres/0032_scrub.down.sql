-- The next pass begins anew, and finds the same.
drop table object_faults;
drop table scrub;
