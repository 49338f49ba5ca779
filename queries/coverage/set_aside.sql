-- question:   Which log files and records could not be read, and why?
-- columns:    log_file | record_index (null = the whole file) | event_id | reason | message
-- one row:    one log file or record that was set aside and has not been read since
-- order:      log_file, record_index, reason, event_id, message
-- sources:    CloudTrail user guide "CloudTrail record contents"
with read_since as (
    select distinct log_file from log_files where set_aside_reason is null
)
select distinct set_aside.log_file, set_aside.record_index, set_aside.event_id, set_aside.reason, set_aside.message
from set_aside
left join read_since on read_since.log_file = set_aside.log_file
where set_aside.record_index is not null or read_since.log_file is null
order by log_file, record_index, reason, event_id, message
