-- question:   What happened to a security group, in the order of time?
-- parameter:  $group  text; its id; empty = all
-- parameter:  $as_of  time; what had happened by then
-- columns:    happened_at (UTC) | what | who | account_id | aws_region | group_id | event_id (null = evidence of the rule) | log_file | record_index
-- one row:    one thing that happened, by one record
-- order:      happened_at, event_id, what
-- sources:    the tables of the history
select happened_at, what, who, account_id, aws_region, group_id, event_id, log_file, record_index
from group_chronology
where ($group = '' or group_id = $group) and happened_at <= $as_of
order by happened_at, event_id, what, group_id
