-- Programs before this one read all versions at each collection.
drop table retirement_rules;
drop table retirements;
