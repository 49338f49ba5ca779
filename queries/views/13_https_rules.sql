-- one row: one rule that lets TCP 443 through, and one interval; of an IPv4 range its first and last address as numbers,
-- and whether no public address is in it.
select
    account_id, aws_region, group_id, security_group_rule_id, is_egress, peer_kind, peer,
    first_address,
    first_address + addresses - 1 as last_address,
    case
        when first_address >= 167772160 and first_address + addresses <= 184549376 then true -- 10.0.0.0/8
        when first_address >= 1681915904 and first_address + addresses <= 1686110208 then true -- 100.64.0.0/10
        when first_address >= 2886729728 and first_address + addresses <= 2887778304 then true -- 172.16.0.0/12
        when first_address >= 3232235520 and first_address + addresses <= 3232301056 then true -- 192.168.0.0/16
        else false
    end as is_private,
    started_at, started_how, started_who, started_event_id, started_log_file, started_record_index, seen_at,
    ended_at, ended_how, ended_who, ended_event_id, ended_log_file, ended_record_index
from (
    select
        account_id, aws_region, group_id, security_group_rule_id, is_egress, peer_kind, peer,
        case
            when peer_kind = 'ipv4' then
                try_cast(split_part(peer, '.', 1) as bigint) * 16777216
                + try_cast(split_part(peer, '.', 2) as bigint) * 65536
                + try_cast(split_part(peer, '.', 3) as bigint) * 256
                + try_cast(split_part(split_part(peer, '.', 4), '/', 1) as bigint)
        end as first_address,
        case
            when peer_kind = 'ipv4' then cast(power(2, 32 - try_cast(split_part(peer, '/', 2) as bigint)) as bigint)
        end as addresses,
        started_at, started_how, started_who, started_event_id, started_log_file, started_record_index, seen_at,
        ended_at, ended_how, ended_who, ended_event_id, ended_log_file, ended_record_index
    from security_group_rules
    where
        ip_protocol = '-1'
        or (
            ip_protocol = 'tcp'
            and (from_port is null or to_port is null or (from_port <= 443 and to_port >= 443))
        )
) as rules
