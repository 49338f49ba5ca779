-- question:   For which hours do digest files vouch, for which are there log files only, and for which is there nothing?
-- columns:    account_id | aws_region | from_hour (UTC) | until_hour (UTC, not included) | hours | state | log_files | event_id (what switched logging off)
-- one row:    consecutive hours of one account and Region in one state, by time of delivery
-- order:      account_id, aws_region, from_hour
-- sources:    CloudTrail user guide "CloudTrail log file name format", "CloudTrail digest file structure"; StopLogging, DeleteTrail, PutEventSelectors
with numbered as (
    select
        account_id, aws_region, hour, state, log_files, event_id,
        row_number() over (partition by account_id, aws_region order by hour)
        - row_number() over (partition by account_id, aws_region, state order by hour) as run
    from coverage
)
select
    account_id, aws_region,
    min(hour) as from_hour,
    max(hour) + interval '1' hour as until_hour,
    count(*) as hours,
    state,
    sum(log_files) as log_files,
    min(event_id) as event_id
from numbered
group by account_id, aws_region, state, run
order by account_id, aws_region, from_hour
