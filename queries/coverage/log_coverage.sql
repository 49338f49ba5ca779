-- question:   For which accounts, Regions and days are there log files, and where are days without any?
-- parameter:  $since  time; days from then on
-- parameter:  $until  time; days before then
-- columns:    account_id | aws_region | day (of delivery, UTC) | log_files | records | records_kept | set_aside | first_event_time (UTC) | last_event_time (UTC) | days_missing_before
-- one row:    one account, Region and day of delivery with log files; days_missing_before counts the days without any since the row before; event times are of the records kept
-- order:      account_id, aws_region, day
-- sources:    CloudTrail user guide "CloudTrail log file name format"
with files as (
    select
        coalesce(account_id, 'not in the key') as account_id,
        coalesce(aws_region, 'not in the key') as aws_region,
        date_trunc('day', coalesce(delivered_at, last_event_time)) as day,
        records, records_kept, set_aside_reason, records_set_aside, first_event_time, last_event_time,
        row_number() over (
            partition by log_file
            -- A file that was repaired, or could be had later, counts as read.
            order by case when set_aside_reason is null then 0 else 1 end, events, etag, part
        ) as copy_number
    from log_files
),
days as (
    select
        account_id, aws_region, day,
        count(*) as log_files,
        sum(records) as records,
        sum(records_kept) as records_kept,
        sum(case when set_aside_reason is not null then 1 else records_set_aside end) as set_aside,
        min(first_event_time) as first_event_time,
        max(last_event_time) as last_event_time
    from files
    where copy_number = 1
    group by account_id, aws_region, day
)
select
    account_id, aws_region, day, log_files, records, records_kept, set_aside, first_event_time, last_event_time,
    cast(
        (
            extract(epoch from day)
            - extract(epoch from lag(day) over (partition by account_id, aws_region order by day))
        ) / 86400 as bigint
    ) - 1 as days_missing_before
from days
where (day is null or day >= $since) and (day is null or day < $until)
order by account_id, aws_region, day
