-- one row: one rule of a security group and one interval, with the rule in words.
select
    account_id, aws_region, group_id, security_group_rule_id, is_egress, ip_protocol, from_port, to_port, peer_kind, peer,
    description,
    case when is_egress then 'traffic out to ' else 'traffic in from ' end || peer || ' on '
        || case
            when ip_protocol = '-1' then 'every protocol'
            when from_port is null then ip_protocol || ', every port'
            when from_port = to_port then ip_protocol || ' ' || cast(from_port as varchar)
            else ip_protocol || ' ' || cast(from_port as varchar) || '-' || coalesce(cast(to_port as varchar), '')
        end as rule_in_words,
    started_at, started_how, started_who, started_event_id, started_log_file, started_record_index, seen_at,
    ended_at, ended_how, ended_who, ended_event_id, ended_log_file, ended_record_index
from security_group_rules
