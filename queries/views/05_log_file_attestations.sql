-- one row: one log file that was read, or that a valid digest file lists.
with files as (
    select
        log_file, account_id, aws_region, delivered_at, sha256, set_aside_reason,
        row_number() over (
            partition by log_file
            -- A file that was repaired, or could be had later, counts as read; one that was hashed tells more.
            order by
                case when set_aside_reason is null then 0 else 1 end,
                case when sha256 is null then 1 else 0 end,
                events, etag, part
        ) as copy_number
    from log_files
),
listed as (
    select
        digest_log_files.log_file,
        digest_log_files.sha256,
        digest_log_files.digest_file,
        digest_checks.account_id,
        digest_checks.aws_region,
        row_number() over (
            partition by digest_log_files.log_file order by digest_log_files.digest_file, digest_log_files.sha256
        ) as place
    from digest_log_files
    inner join digest_checks on digest_checks.digest_file = digest_log_files.digest_file
    where digest_checks.status = 'valid'
)
select
    coalesce(files.log_file, listed.log_file) as log_file,
    coalesce(files.account_id, listed.account_id) as account_id,
    coalesce(files.aws_region, listed.aws_region) as aws_region,
    files.delivered_at,
    case
        when listed.log_file is null then 'not_attested'
        when files.log_file is null then 'missing'
        when files.sha256 is null then 'unknown'
        when lower(files.sha256) = lower(listed.sha256) then 'attested'
        else 'mismatch'
    end as state,
    case
        when listed.log_file is null then 'no valid digest file lists it'
        when files.log_file is null then 'a valid digest file lists it, and it was not there'
        when files.set_aside_reason is not null then 'a valid digest file lists it, and it could not be read: ' || files.set_aside_reason
        when files.sha256 is null then 'it was read before digest files were checked, and its hash not computed'
        when lower(files.sha256) = lower(listed.sha256) then 'its hash is the one in a valid digest file'
        else 'it was changed after delivery: its hash is another than in a valid digest file'
    end as reason,
    files.set_aside_reason,
    files.sha256 as sha256,
    listed.sha256 as sha256_in_digest,
    listed.digest_file
from (
    select log_file, account_id, aws_region, delivered_at, sha256, set_aside_reason from files where copy_number = 1
) as files
full outer join (
    select log_file, sha256, digest_file, account_id, aws_region from listed where place = 1
) as listed
    on listed.log_file = files.log_file
