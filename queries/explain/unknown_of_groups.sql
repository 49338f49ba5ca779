-- question:   What is not known of the security groups that jobs name?
-- parameter:  $group  text; a group's id; empty = all that jobs name
-- parameter:  $as_of  time; what was known by then
-- columns:    account_id | aws_region | group_id | unknown | event_id
-- one row:    one thing that no record tells
-- order:      account_id, aws_region, group_id, unknown, event_id
-- sources:    security_groups, security_group_rules, security_group_rule_doubts, coverage
with groups_asked as (
    select distinct account_id, aws_region, group_id from job_security_groups where $group = '' or group_id = $group
    union
    select account_id, aws_region, group_id from security_groups where group_id = $group
),
lives as (
    select
        groups_asked.account_id, groups_asked.aws_region, groups_asked.group_id,
        security_groups.created_at, security_groups.is_default, security_groups.vpc_id
    from groups_asked
    left join security_groups
        on security_groups.account_id = groups_asked.account_id
        and security_groups.aws_region = groups_asked.aws_region
        and security_groups.group_id = groups_asked.group_id
),
snapshots as (
    select account_id, aws_region, group_id, min(seen_at) as seen_at
    from security_group_rules
    where started_how = 'snapshot'
    group by account_id, aws_region, group_id
)
select account_id, aws_region, group_id, unknown, event_id
from (
    select
        lives.account_id, lives.aws_region, lives.group_id,
        'the group is older than the logs, so it may have had rules that no record shows'
            || case
                when snapshots.seen_at is not null then
                    ' (before ' || cast(snapshots.seen_at as varchar) || ', when the rule of AWS Config saw its rules)'
                else ''
            end as unknown,
        cast(null as varchar) as event_id
    from lives
    left join snapshots
        on snapshots.account_id = lives.account_id
        and snapshots.aws_region = lives.aws_region
        and snapshots.group_id = lives.group_id
    where
        lives.created_at is null
        and not (
            coalesce(lives.is_default, false)
            and exists (select 1 from vpcs where vpcs.vpc_id = lives.vpc_id and vpcs.created_at is not null)
        )
    union all
    select
        lives.account_id, lives.aws_region, lives.group_id,
        doubts.event_name || ' could not be followed: ' || doubts.message as unknown,
        doubts.event_id
    from lives
    inner join security_group_rule_doubts as doubts
        on doubts.account_id = lives.account_id
        and doubts.aws_region = lives.aws_region
        and (doubts.group_id = lives.group_id or doubts.group_id is null)
    where doubts.changed_at <= $as_of
    union all
    select
        lives.account_id, lives.aws_region, lives.group_id,
        'logging was stopped for ' || cast(count(*) as varchar) || ' hours from ' || cast(min(coverage.hour) as varchar) as unknown,
        min(coverage.event_id) as event_id
    from lives
    inner join coverage on coverage.account_id = lives.account_id and coverage.aws_region = lives.aws_region
    where coverage.state = 'logging_stopped' and coverage.hour <= $as_of
    group by lives.account_id, lives.aws_region, lives.group_id
) as unknowns
order by account_id, aws_region, group_id, unknown, event_id
