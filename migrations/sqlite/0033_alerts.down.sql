-- Programs before this one watch nothing. Loses silences, and what channels have not taken yet, if there are any:
-- lost: exists (select 1 from alert_silences) or exists (select 1 from alert_messages)
drop index versions_by_age;
drop table last_backup;
drop table alert_lease;
drop table alert_messages;
drop table alert_silences;
drop table alert_history;
drop table alerts;
