-- Loses when versions were published, and take-downs, if there are any:
-- lost: exists (select 1 from versions where published_at_ms is not null) or exists (select 1 from configurations where taken_down_at_ms is not null)
alter table jobs drop column left_ms;
alter table configurations drop column taken_down_at_ms;
alter table versions drop column published_at_ms;
