-- question:   Which log files and records could not be read, and why?
-- columns:    log_file | record_index (null = the whole file) | event_id | reason | message
-- one row:    one log file or record that was set aside
-- order:      log_file, record_index, reason
-- sources:    CloudTrail user guide "CloudTrail record contents"
select distinct log_file, record_index, event_id, reason, message
from set_aside
order by log_file, record_index, reason, event_id, message
