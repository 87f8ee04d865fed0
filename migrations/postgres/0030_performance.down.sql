-- Loses what was measured of requests and servers, if anything was:
-- lost: exists (select 1 from performance) or exists (select 1 from performance_samples)
drop table performance_plans;
drop table performance_samples;
drop table performance;
