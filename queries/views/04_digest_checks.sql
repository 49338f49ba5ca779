-- one row: one digest file. Of several checks the gravest that is certain stands: once it was seen to be invalid it stays
-- so; valid stands above what could not be told at another time.
select
    digest_file, account_id, aws_region, trail_name, home_region, is_backfill, started_at, ended_at, status, reason,
    log_files, public_key_fingerprint
from (
    select
        digest_file, account_id, aws_region, trail_name, home_region, is_backfill, started_at, ended_at, status,
        reason, log_files, public_key_fingerprint,
        row_number() over (
            partition by digest_file
            order by
                case status when 'invalid' then 0 when 'valid' then 1 when 'unverifiable' then 2 else 3 end,
                etag, reason
        ) as place
    from digests
) as checks
where place = 1
