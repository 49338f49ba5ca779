-- question:   How many hours of each day do digest files vouch for, how many have log files only, and how many lack something?
-- columns:    account_id | aws_region | day (of delivery, UTC) | attested_hours | delivered_hours | gap_hours (nothing, or a log file that a digest file lists is missing, changed or broken) | logging_stopped_hours
-- one row:    one account, Region and day between the first and the last with log files or digest files
-- order:      account_id, aws_region, day
-- sources:    the table coverage
select
    account_id, aws_region,
    date_trunc('day', hour) as day,
    sum(case when state = 'attested' then 1 else 0 end) as attested_hours,
    sum(case when state = 'delivered' then 1 else 0 end) as delivered_hours,
    sum(case when state in ('gap', 'incomplete') then 1 else 0 end) as gap_hours,
    sum(case when state = 'logging_stopped' then 1 else 0 end) as logging_stopped_hours
from coverage
group by account_id, aws_region, date_trunc('day', hour)
order by account_id, aws_region, day
