-- question:   What did security groups allow at an instant?
-- parameter:  $group  text; a group's id; empty = all
-- parameter:  $as_of  time; the instant
-- columns:    account_id | aws_region | group_id | rule_in_words | is_egress | ip_protocol | from_port | to_port | peer_kind | peer | security_group_rule_id | description | started_at (UTC; null = before the logs) | started_how | started_who | started_event_id | started_log_file | started_record_index | ended_at (UTC)
-- one row:    one rule in force then, as far as records and evidence tell
-- order:      account_id, aws_region, group_id, is_egress, rule_in_words, security_group_rule_id
-- sources:    security_group_rules
select
    account_id, aws_region, group_id, rule_in_words, is_egress, ip_protocol, from_port, to_port, peer_kind, peer,
    security_group_rule_id, description, started_at, started_how, started_who, started_event_id, started_log_file,
    started_record_index, ended_at
from rules_in_words
where
    ($group = '' or group_id = $group)
    and (started_at is null or started_at <= $as_of)
    and (ended_at is null or ended_at > $as_of)
order by account_id, aws_region, group_id, is_egress, rule_in_words, security_group_rule_id
