-- question:   Which jobs failed, and did they fail because their network changed under them?
-- parameter:  $as_of  time; what had happened by then
-- columns:    account_id | aws_region | requested_at (UTC) | principal_arn | job_kind | job_name | job_arn | failed_at (UTC; of a state that no end time goes with, when a run of the rule saw it first) | failure_message | failed_through_drift (yes, no or unknown) | why | drift | resource_id | happened_at (UTC) | what | who | event_id | log_file | record_index
-- one row:    one failed job and one record of drift from its request to its failure; without such a record, the job alone and where its failure was seen
-- order:      account_id, aws_region, requested_at, job_arn, happened_at, drift, resource_id, event_id, what
-- sources:    evidence of the rule: status and failureMessage; security_groups, security_group_rules, network_interfaces, subnets, vpc_endpoints; CreateNetworkInterface
with failed as (
    select job_arn, entered_at as failed_at, log_file, record_index
    from (
        select
            job_arn, entered_at, log_file, record_index,
            row_number() over (partition by job_arn order by entered_at, log_file, record_index) as place
        from job_states
        where state = 'Failed' and job_arn is not null and entered_at <= $as_of
    ) as states
    where place = 1
),
messages as (
    select job_arn, failure_message
    from (
        select
            job_arn, failure_message,
            row_number() over (partition by job_arn order by evaluated_at desc, evidence_file, line) as place
        from evidence
        where failure_message is not null and evaluated_at <= $as_of
    ) as told
    where place = 1
),
failures as (
    select
        jobs.account_id, jobs.aws_region, jobs.requested_at, jobs.first_seen_at, jobs.principal_arn, jobs.job_kind,
        jobs.job_key, jobs.job_name, jobs.job_arn, jobs.role_arn, failed.failed_at, failed.log_file, failed.record_index,
        messages.failure_message,
        case
            when messages.failure_message is null then 'unknown'
            when lower(messages.failure_message) like '%network%' then 'yes'
            when lower(messages.failure_message) like '%security group%' then 'yes'
            when lower(messages.failure_message) like '%subnet%' then 'yes'
            when lower(messages.failure_message) like '%vpc%' then 'yes'
            when lower(messages.failure_message) like '%endpoint%' then 'yes'
            when lower(messages.failure_message) like '%connect%' then 'yes'
            else 'no'
        end as names_network
    from failed
    inner join jobs on jobs.job_arn = failed.job_arn
    left join messages on messages.job_arn = failed.job_arn
),
subnets_of_jobs as (
    select distinct
        job_network.job_key, job_network.account_id, job_network.aws_region, job_network.resource_id as subnet_id
    from job_network
    where job_network.resource_kind = 'subnet'
),
drifts as (
    select
        failures.job_key, 'group_deleted' as drift, lost.group_id as resource_id, lost.deleted_at as happened_at,
        lost.group_id || ' was deleted' as what, lost.deleted_by as who, lost.deleted_event_id as event_id,
        lost.deleted_log_file as log_file, lost.deleted_record_index as record_index
    from failures
    inner join job_security_groups as lost on lost.job_key = failures.job_key
    where lost.deleted_at <= failures.failed_at
    union all
    select
        failures.job_key, 'rule_ended' as drift, rules.group_id as resource_id, rules.ended_at as happened_at,
        rules.group_id || ' no longer allowed ' || rules.rule_in_words as what, rules.ended_who as who,
        rules.ended_event_id as event_id, rules.ended_log_file as log_file, rules.ended_record_index as record_index
    from failures
    inner join job_security_groups as named on named.job_key = failures.job_key
    inner join rules_in_words as rules
        on rules.account_id = named.account_id
        and rules.aws_region = named.aws_region
        and rules.group_id = named.group_id
    where
        rules.ended_how in ('revoked', 'modified', 'gone')
        and rules.ended_at > failures.first_seen_at and rules.ended_at <= failures.failed_at
    union all
    select
        failures.job_key, 'group_taken' as drift, interfaces.group_id as resource_id,
        interfaces.detached_at as happened_at,
        interfaces.group_id || ' was taken from interface ' || interfaces.network_interface_id as what,
        interfaces.detached_who as who, interfaces.detached_event_id as event_id,
        interfaces.detached_log_file as log_file, interfaces.detached_record_index as record_index
    from failures
    inner join network_interfaces as interfaces on interfaces.job_arn = failures.job_arn
    where interfaces.detached_at <= failures.failed_at
    union all
    select
        failures.job_key, 'subnet_deleted' as drift, subnets.subnet_id as resource_id, subnets.deleted_at as happened_at,
        subnets.subnet_id || ' was deleted' as what, subnets.deleted_who as who, subnets.deleted_event_id as event_id,
        subnets.deleted_log_file as log_file, subnets.deleted_record_index as record_index
    from failures
    inner join subnets_of_jobs on subnets_of_jobs.job_key = failures.job_key
    inner join subnets
        on subnets.account_id = subnets_of_jobs.account_id
        and subnets.aws_region = subnets_of_jobs.aws_region
        and subnets.subnet_id = subnets_of_jobs.subnet_id
    where subnets.deleted_at <= failures.failed_at
    union all
    select distinct
        failures.job_key, 'endpoint_deleted' as drift, endpoints.vpc_endpoint_id as resource_id,
        endpoints.deleted_at as happened_at,
        endpoints.vpc_endpoint_id || ' of ' || coalesce(endpoints.service_name, 'a service that no record tells')
            || ' was deleted' as what,
        endpoints.deleted_who as who, endpoints.deleted_event_id as event_id,
        endpoints.deleted_log_file as log_file, endpoints.deleted_record_index as record_index
    from failures
    inner join subnets_of_jobs on subnets_of_jobs.job_key = failures.job_key
    inner join subnets
        on subnets.account_id = subnets_of_jobs.account_id
        and subnets.aws_region = subnets_of_jobs.aws_region
        and subnets.subnet_id = subnets_of_jobs.subnet_id
    inner join vpc_endpoints as endpoints
        on endpoints.account_id = subnets.account_id
        and endpoints.aws_region = subnets.aws_region
        and endpoints.vpc_id = subnets.vpc_id
    where endpoints.deleted_at > failures.first_seen_at and endpoints.deleted_at <= failures.failed_at
    union all
    -- Of a call that was refused for a job, its tag names the job; who wrote it is Bedrock or the job's role.
    select
        failures.job_key, 'interface_refused' as drift, cast(null as varchar) as resource_id,
        refused.event_time as happened_at,
        'an interface for the job was refused: ' || refused.error_code || coalesce(', ' || refused.error_message, '') as what,
        refused.user_identity_arn as who, refused.event_id, refused.log_file, refused.record_index
    from failures
    inner join (
        select
            recipient_account_id as account_id, aws_region, event_time, error_code, error_message, user_identity_arn,
            session_issuer_arn, user_identity_invoked_by, source_ip_address, request_parameters, event_id, log_file,
            record_index
        from events
        where
            event_source = 'ec2.amazonaws.com' and event_name = 'CreateNetworkInterface'
            and error_code is not null and error_code <> 'Client.DryRunOperation'
    ) as refused
        on refused.account_id = failures.account_id and refused.aws_region = failures.aws_region
    where
        refused.event_time >= failures.first_seen_at and refused.event_time <= failures.failed_at
        and strpos(refused.request_parameters, '"' || failures.job_arn || '"') > 0
        and (
            refused.user_identity_invoked_by = 'bedrock.amazonaws.com'
            or refused.source_ip_address = 'bedrock.amazonaws.com'
            or refused.session_issuer_arn = failures.role_arn
        )
),
counts as (
    select job_key, count(*) as drifts, sum(case when drift = 'interface_refused' then 1 else 0 end) as refusals
    from drifts
    group by job_key
)
select
    failures.account_id, failures.aws_region, failures.requested_at, failures.principal_arn, failures.job_kind,
    failures.job_name, failures.job_arn, failures.failed_at, failures.failure_message,
    case
        when coalesce(counts.refusals, 0) > 0 then 'yes'
        when failures.names_network = 'no' then 'no'
        when failures.names_network = 'yes' and coalesce(counts.drifts, 0) > 0 then 'yes'
        else 'unknown'
    end as failed_through_drift,
    case
        when coalesce(counts.refusals, 0) > 0 then 'its own request for an interface was refused'
        when failures.names_network = 'no' then 'its failure message names nothing of the network'
        when failures.names_network = 'yes' and coalesce(counts.drifts, 0) > 0 then
            'its failure message names the network, and records show that it changed'
        when failures.names_network = 'yes' then 'its failure message names the network, but no record shows a change of it'
        when coalesce(counts.drifts, 0) > 0 then 'records show that its network changed, but no evidence has its failure message'
        else 'no evidence has its failure message, and no record shows a change of its network'
    end as why,
    drifts.drift, drifts.resource_id, drifts.happened_at, drifts.what, drifts.who, drifts.event_id,
    case when drifts.job_key is null then failures.log_file else drifts.log_file end as log_file,
    case when drifts.job_key is null then failures.record_index else drifts.record_index end as record_index
from failures
left join counts on counts.job_key = failures.job_key
left join drifts on drifts.job_key = failures.job_key
order by
    failures.account_id, failures.aws_region, failures.requested_at, failures.job_arn, drifts.happened_at, drifts.drift,
    drifts.resource_id, drifts.event_id, drifts.what
