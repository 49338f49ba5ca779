-- question:   What is in the lake: log files, records, time range?
-- columns:    log_files | log_files_set_aside | records | records_kept | records_set_aside | accounts | regions | first_event_time (UTC) | last_event_time (UTC) | first_delivery (UTC) | last_delivery (UTC)
-- one row:    the lake
-- order:      one row
-- sources:    the ledger of log files
with files as (
    select
        log_file, account_id, aws_region, delivered_at, records, records_kept, records_set_aside, set_aside_reason,
        first_event_time, last_event_time,
        row_number() over (
            partition by log_file
            -- A file that was repaired, or could be had later, counts as read.
            order by case when set_aside_reason is null then 0 else 1 end, events, etag, part
        ) as copy_number
    from log_files
)
select
    count(*) as log_files,
    count(set_aside_reason) as log_files_set_aside,
    coalesce(sum(records), 0) as records,
    coalesce(sum(records_kept), 0) as records_kept,
    coalesce(sum(records_set_aside), 0) as records_set_aside,
    count(distinct account_id) as accounts,
    count(distinct aws_region) as regions,
    min(first_event_time) as first_event_time,
    max(last_event_time) as last_event_time,
    min(delivered_at) as first_delivery,
    max(delivered_at) as last_delivery
from files
where copy_number = 1
order by log_files
