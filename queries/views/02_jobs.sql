-- one row: one job. From the accepted request that made it; a job that only its interfaces show, or only evidence of the
-- rule (its request is older than the logs, or missing), has no requested_at; of one in evidence vpc_config_state is what
-- the job itself says, which never changes.
select
    account_id, aws_region, job_kind, job_key, job_arn, job_name, requested_at, requested_at as first_seen_at,
    vpc_config_state, vpc_config_note,
    principal_arn, session_issuer_arn, session_name, source_identity, invoked_by, source_ip_address, user_agent, who,
    base_model, customization_type, model_name, role_arn, training_data_s3_uri, output_data_s3_uri,
    event_id, log_file, record_index
from job_requests
where error_code is null and not is_repeat
union all
select
    account_id, aws_region,
    case
        when strpos(job_arn, ':model-import-job/') > 0 then 'model_import'
        when strpos(job_arn, ':model-invocation-job/') > 0 then 'model_invocation'
        else 'model_customization'
    end as job_kind,
    job_key, job_arn,
    cast(null as varchar) as job_name,
    cast(null as timestamp with time zone) as requested_at,
    seen_at as first_seen_at,
    'unknown' as vpc_config_state,
    'no request for the job is in the logs' as vpc_config_note,
    cast(null as varchar) as principal_arn,
    cast(null as varchar) as session_issuer_arn,
    cast(null as varchar) as session_name,
    cast(null as varchar) as source_identity,
    cast(null as varchar) as invoked_by,
    cast(null as varchar) as source_ip_address,
    cast(null as varchar) as user_agent,
    cast(null as varchar) as who,
    cast(null as varchar) as base_model,
    cast(null as varchar) as customization_type,
    cast(null as varchar) as model_name,
    cast(null as varchar) as role_arn,
    cast(null as varchar) as training_data_s3_uri,
    cast(null as varchar) as output_data_s3_uri,
    event_id, log_file, record_index
from (
    select
        account_id, aws_region, job_key, job_arn, seen_at, event_id, log_file, record_index,
        row_number() over (partition by job_key order by seen_at, event_id, resource_id) as place
    from job_network
    where source = 'network_interface'
) as interfaces
where
    place = 1
    and not exists (select 1 from job_requests where job_requests.job_key = interfaces.job_key)
    and not exists (select 1 from evidence where evidence.job_arn = interfaces.job_arn)
union all
select
    account_id, aws_region, job_kind,
    job_arn as job_key,
    job_arn, job_name,
    cast(null as timestamp with time zone) as requested_at,
    job_created_at as first_seen_at,
    vpc_config_state,
    case
        when vpc_config_state = 'unknown' then 'no request for the job is in the logs, and the rule could not read the job'
    end as vpc_config_note,
    cast(null as varchar) as principal_arn,
    cast(null as varchar) as session_issuer_arn,
    cast(null as varchar) as session_name,
    cast(null as varchar) as source_identity,
    cast(null as varchar) as invoked_by,
    cast(null as varchar) as source_ip_address,
    cast(null as varchar) as user_agent,
    cast(null as varchar) as who,
    cast(null as varchar) as base_model,
    cast(null as varchar) as customization_type,
    cast(null as varchar) as model_name,
    role_arn,
    input_s3_uris as training_data_s3_uri,
    cast(null as varchar) as output_data_s3_uri,
    cast(null as varchar) as event_id,
    evidence_file as log_file,
    line as record_index
from (
    select
        account_id, aws_region, job_kind, job_arn, job_name, job_created_at, vpc_config_state, role_arn,
        input_s3_uris, evidence_file, line,
        row_number() over (
            partition by job_arn
            order by
                case when vpc_config_state = 'unknown' then 1 else 0 end,
                evaluated_at, evidence_file, line
        ) as place
    from evidence
) as judged
where place = 1 and not exists (select 1 from job_requests where job_requests.job_key = judged.job_arn)
