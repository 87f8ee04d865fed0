-- What is planned is lost.
drop table launches;
