-- question:   Which jobs read which data, and from inside a VPC or not?
-- parameter:  $training_data  text; part of the S3 URI
-- parameter:  $since  time; requests from then on
-- parameter:  $until  time; requests before then
-- columns:    training_data_s3_uri | requested_at (UTC) | account_id | aws_region | principal_arn | job_kind | job_name | job_arn | vpc_config_state | base_model | role_arn | output_data_s3_uri | event_id | log_file | record_index
-- one row:    one job; training_data_s3_uri is null where the record masks or omits it
-- order:      training_data_s3_uri, requested_at, event_id
-- sources:    Bedrock API Reference "TrainingDataConfig", "ModelInvocationJobInputDataConfig"
select
    training_data_s3_uri, requested_at, account_id, aws_region, principal_arn, job_kind, job_name, job_arn,
    vpc_config_state, base_model, role_arn, output_data_s3_uri, event_id, log_file, record_index
from jobs
where
    requested_at >= $since
    and requested_at < $until
    and (
        cast($training_data as varchar) = ''
        or strpos(coalesce(training_data_s3_uri, ''), cast($training_data as varchar)) > 0
    )
order by training_data_s3_uri, requested_at, event_id
