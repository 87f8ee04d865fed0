-- Reports that were made are lost.
drop table launch_reports;
