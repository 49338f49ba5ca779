-- question:   How many non-compliant jobs did the rule detect, week by week?
-- parameter:  $since  time; detected then or later
-- parameter:  $until  time; detected before then
-- columns:    starts_at (UTC, the week's first instant, a Monday) | control | detected (jobs) | still_so | no_longer_so | undetermined | waived (of no_longer_so)
-- one row:    one week and one control of which a job was found NonCompliant for the first time in it; detected = still_so + no_longer_so + undetermined
-- order:      starts_at, control
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI): its findings
-- A job counts once a control, in the week of the first run that found it. Still so: the newest run that judged the two found
-- it again; no longer so: it found it compliant, not applicable or waived; undetermined: it could not tell. What no run
-- looked at is not detected: see detection_delay and rule_runs.
select
    date_trunc('week', first_found_at) as starts_at,
    control,
    count(*) as detected,
    sum(case when is_still_so then 1 else 0 end) as still_so,
    sum(case when not is_still_so then 1 else 0 end) as no_longer_so,
    sum(case when is_still_so is null then 1 else 0 end) as undetermined,
    sum(case when not is_still_so and newest_waiver_state = 'yes' then 1 else 0 end) as waived
from detections
where first_found_at >= $since and first_found_at < $until
group by date_trunc('week', first_found_at), control
order by starts_at, control
