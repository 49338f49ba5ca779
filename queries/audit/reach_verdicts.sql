-- question:   Did each job's security groups let it reach the endpoints that it needs, as of an instant?
-- control:    job_security_groups_reach_endpoints
-- parameter:  $as_of  time; what had happened by then counts
-- parameter:  $coverage  text; attested = only what a valid digest file vouches for counts; else log files without one do too
-- columns:    account_id | aws_region | requested_at (UTC; null = no request in the logs) | principal_arn | job_kind | job_name | job_arn | control | verdict | reason | next_step (of Undetermined: what would tell) | resource_id | cited_event_id | cited_log_file | cited_record_index | cited_log_file_state | cited_digest_file | request_event_id
-- one row:    one job; the citation is the record that made it
-- order:      account_id, aws_region, time and event id of the job's first record
-- sources:    CreateModelCustomizationJob, CreateModelImportJob, CreateModelInvocationJob; changes of rules; CreateVpcEndpoint, ModifyVpcEndpoint, DeleteVpcEndpoints; DeleteSecurityGroup; evidence of the rule
--
-- Judged is the state at $as_of while the job runs, and of a run that is over the state in its last second. Sure is what
-- rests on rules that were in force beyond doubt; possible, what may rest on others too. Beside job_verdicts, because
-- planning it costs as much as the other controls together; and one chain, because DataFusion plans a common table
-- expression again wherever it is named.
with jobs_then as (
    select
        account_id, aws_region, job_kind, job_key, job_arn, job_name, requested_at, first_seen_at, principal_arn,
        vpc_config_state, vpc_config_note, event_id, log_file, record_index
    from jobs
    where first_seen_at <= $as_of
),
-- Hours in which a deletion may have gone unseen. Where no digest file covers anything, an hour without log files says
-- nothing: CloudTrail delivers none when nothing happens.
vouched_places as (
    select distinct account_id, aws_region from coverage where state = 'attested'
),
holes as (
    select coverage.account_id, coverage.aws_region, coverage.hour
    from coverage
    left join vouched_places
        on vouched_places.account_id = coverage.account_id and vouched_places.aws_region = coverage.aws_region
    where
        coverage.state in ('logging_stopped', 'incomplete')
        or (coverage.state = 'gap' and vouched_places.account_id is not null)
        or ($coverage = 'attested' and coverage.state <> 'attested')
),
-- Where digest files come every hour, the end of what is known is the place's own; elsewhere the end of all log files.
ends as (
    select
        places.account_id, places.aws_region,
        case when vouched_places.account_id is not null then places.last_hour else lake.last_hour end
            + interval '1' hour as known_until
    from (
        select account_id, aws_region, max(hour) as last_hour from coverage group by account_id, aws_region
    ) as places
    cross join (select max(hour) as last_hour from coverage) as lake
    left join vouched_places
        on vouched_places.account_id = places.account_id and vouched_places.aws_region = places.aws_region
),
-- The network that the job asked for; that of its interfaces where no request and no evidence tells it.
networks as (
    select
        named.job_key, named.account_id, named.aws_region, named.resource_kind, named.resource_id, named.named_at,
        named.judged_at,
        case when groups.deleted_at <= named.judged_at then 1 else 0 end as is_gone
    from (
        select
            seen.job_key, seen.account_id, seen.aws_region, seen.resource_kind, seen.resource_id, seen.named_at,
            case
                when job_ends.ended_at <= $as_of then job_ends.ended_at - interval '1' second
                else $as_of
            end as judged_at
        from (
            select
                job_key, job_arn, account_id, aws_region, resource_kind, resource_id, source,
                min(seen_at) over (partition by job_key) as named_at,
                max(case when source <> 'network_interface' then 1 else 0 end) over (partition by job_key) as is_told
            from job_network
            where seen_at <= $as_of and resource_kind in ('security_group', 'subnet')
        ) as seen
        left join job_ends on job_ends.job_arn = seen.job_arn
        where seen.source <> 'network_interface' or seen.is_told = 0
        group by
            seen.job_key, seen.account_id, seen.aws_region, seen.resource_kind, seen.resource_id, seen.named_at,
            job_ends.ended_at
    ) as named
    left join security_groups as groups
        on groups.account_id = named.account_id
        and groups.aws_region = named.aws_region
        and groups.group_id = named.resource_id
),
-- What rules must reach. Of traffic out: everything, or one of the endpoint's groups, or all of its subnets. Of traffic in:
-- everything, or the job's subnet.
endpoint_targets as (
    select
        endpoints.account_id, endpoints.aws_region, endpoints.vpc_id, endpoints.vpc_endpoint_id as endpoint_id,
        endpoints.created_at, endpoints.deleted_at, endpoints.service,
        case when endpoints.vpc_endpoint_type = 'Gateway' then 1 else 0 end as is_gateway,
        targets.direction, targets.target_kind, targets.target_id, targets.first_address, targets.last_address,
        targets.started_at, targets.ended_at
    from (
        select
            account_id, aws_region, vpc_id, vpc_endpoint_id, vpc_endpoint_type, created_at, deleted_at,
            case
                when service_name is null or vpc_endpoint_type is null then 'unknown'
                when service_name like '%.' || aws_region || '.s3' then 'S3'
                when vpc_endpoint_type = 'Gateway' then 'another'
                when service_name like '%.' || aws_region || '.kms' then 'KMS'
                when service_name like '%.' || aws_region || '.kms-fips' then 'KMS'
                else 'another'
            end as service
        from vpc_endpoints
    ) as endpoints
    inner join (
        select
            vpc_endpoints.account_id, vpc_endpoints.aws_region, vpc_endpoints.vpc_endpoint_id as endpoint_id,
            kinds.direction, kinds.target_kind, '' as target_id, 0 as first_address, 4294967295 as last_address,
            cast(null as timestamp with time zone) as started_at,
            cast(null as timestamp with time zone) as ended_at
        from vpc_endpoints
        cross join (values ('out', 'everything'), ('in', 'everything'), ('in', 'subnet')) as kinds (direction, target_kind)
        union all
        select
            links.account_id, links.aws_region, links.resource_id as endpoint_id, 'out' as direction,
            case when links.link = 'endpoint_subnet' then 'subnet' else 'group' end as target_kind,
            links.target_id,
            case when links.link = 'endpoint_subnet' then subnet_ranges.first_address else 0 end as first_address,
            case when links.link = 'endpoint_subnet' then subnet_ranges.last_address else 0 end as last_address,
            links.started_at, links.ended_at
        from network_links as links
        left join subnet_ranges
            on subnet_ranges.account_id = links.account_id
            and subnet_ranges.aws_region = links.aws_region
            and subnet_ranges.subnet_id = links.target_id
        where links.link in ('endpoint_subnet', 'endpoint_security_group')
    ) as targets
        on targets.account_id = endpoints.account_id
        and targets.aws_region = endpoints.aws_region
        and targets.endpoint_id = endpoints.vpc_endpoint_id
    where endpoints.service <> 'another'
),
-- A row for each group of the job; and for each of its subnets that existed then, each endpoint of its VPC and each target.
-- A VPC without an endpoint has one row, so that its absence is seen.
targets as (
    select
        networks.job_key, networks.account_id, networks.aws_region, networks.named_at, networks.judged_at,
        networks.resource_kind, networks.resource_id,
        subnet_ranges.vpc_id, vpcs.created_at as vpc_created_at,
        ends.endpoint_id, ends.is_gateway, coalesce(ends.service, 'none') as service, ends.direction, ends.target_kind,
        case when ends.direction = 'in' and ends.target_kind = 'subnet' then networks.resource_id else ends.target_id end
            as target_id,
        case
            when ends.direction = 'in' and ends.target_kind = 'subnet' then subnet_ranges.first_address
            else ends.first_address
        end as first_address,
        case
            when ends.direction = 'in' and ends.target_kind = 'subnet' then subnet_ranges.last_address
            else ends.last_address
        end as last_address
    from networks
    left join subnet_ranges
        on subnet_ranges.account_id = networks.account_id
        and subnet_ranges.aws_region = networks.aws_region
        and subnet_ranges.subnet_id = networks.resource_id
    left join vpcs
        on vpcs.account_id = networks.account_id
        and vpcs.aws_region = networks.aws_region
        and vpcs.vpc_id = subnet_ranges.vpc_id
    left join endpoint_targets as ends
        on ends.account_id = networks.account_id
        and ends.aws_region = networks.aws_region
        and ends.vpc_id = subnet_ranges.vpc_id
        and (ends.created_at is null or ends.created_at <= networks.judged_at)
        and (ends.deleted_at is null or ends.deleted_at > networks.judged_at)
        and (ends.started_at is null or ends.started_at <= networks.judged_at)
        and (ends.ended_at is null or ends.ended_at > networks.judged_at)
    where subnet_ranges.deleted_at is null or subnet_ranges.deleted_at > networks.judged_at
),
-- Groups whose rules matter: the job's own for traffic out of it, of which endpoint_id is empty, and an endpoint's for
-- traffic into it; with their lives, and the last time by then that the rule of AWS Config saw all of their rules.
group_lives as (
    select
        named.job_key, named.account_id, named.aws_region, named.named_at, named.judged_at,
        named.endpoint_id, named.group_id,
        groups.group_name, groups.vpc_id, groups.is_in_default_vpc, groups.created_at,
        case when groups.deleted_at <= $as_of then groups.deleted_at end as deleted_at,
        -- What a default group holds at first is known where its VPC was made in the logs.
        case when groups.is_default then vpcs.created_at end as came_at,
        max(sightings.evaluated_at) as seen_at
    from (
        select distinct
            job_key, account_id, aws_region, named_at, judged_at,
            case when target_kind = 'group' then endpoint_id else '' end as endpoint_id,
            case when target_kind = 'group' then target_id else resource_id end as group_id
        from targets
        where resource_kind = 'security_group' or (target_kind = 'group' and service <> 'unknown')
    ) as named
    left join security_groups as groups
        on groups.account_id = named.account_id
        and groups.aws_region = named.aws_region
        and groups.group_id = named.group_id
    left join vpcs
        on vpcs.account_id = groups.account_id and vpcs.aws_region = groups.aws_region and vpcs.vpc_id = groups.vpc_id
    left join evidence_facts as sightings
        on sightings.account_id = named.account_id
        and sightings.aws_region = named.aws_region
        and sightings."of" = named.group_id
        and sightings.record = 'security_group'
        and sightings.state = 'known'
        and sightings.evaluated_at <= named.judged_at
    group by
        named.job_key, named.account_id, named.aws_region, named.named_at, named.judged_at,
        named.endpoint_id, named.group_id,
        groups.group_name, groups.vpc_id, groups.is_in_default_vpc, groups.created_at, groups.deleted_at,
        groups.is_default, vpcs.created_at
),
-- With the changes that could not be followed. An authorization can only have added; any other may have taken away, and so
-- may a deletion that does not tell its group: an endpoint's cannot be deleted, nor one whose own deletion is told.
groups_judged as (
    select
        lives.job_key, lives.account_id, lives.aws_region, lives.judged_at, lives.endpoint_id,
        lives.group_id,
        coalesce(lives.created_at, lives.came_at, lives.seen_at) as known_from,
        case when lives.deleted_at <= lives.judged_at then 1 else 0 end as is_gone,
        max(doubts.may_lack) as may_lack,
        min(doubts.event_id) as doubt_event_id
    from group_lives as lives
    left join (
        select
            account_id, aws_region, changed_at, event_id, group_id, group_name,
            case when event_name like 'Authorize%' then 0 else 1 end as may_lack,
            cast(null as varchar) as deleted_how,
            cast(null as varchar) as vpc_id
        from security_group_rule_doubts
        where event_name not like 'UpdateSecurityGroupRuleDescriptions%'
        union all
        select
            account_id, aws_region, requested_at as changed_at, event_id, group_id, group_name,
            1 as may_lack,
            how as deleted_how,
            vpc_id
        from security_group_delete_requests
        where outcome = 'deleted' and group_id is null
    ) as doubts
        on doubts.account_id = lives.account_id
        and doubts.aws_region = lives.aws_region
        and doubts.changed_at <= lives.judged_at
        and (lives.seen_at is null or doubts.changed_at > lives.seen_at)
        and (lives.created_at is null or doubts.changed_at >= lives.created_at)
        and coalesce(doubts.group_id, lives.group_id) = lives.group_id
        and (
            doubts.group_id is not null
            or doubts.group_name is null
            or lives.group_name is null
            or lower(doubts.group_name) = lower(lives.group_name)
        )
        and (
            doubts.deleted_how is null
            or (
                lives.endpoint_id = ''
                and lives.deleted_at is null
                and doubts.changed_at >= lives.named_at
                and coalesce(doubts.vpc_id, lives.vpc_id, '') = coalesce(lives.vpc_id, doubts.vpc_id, '')
                -- EC2 takes a name for a group of the default VPC.
                and (
                    doubts.deleted_how = 'by_delete_vpc'
                    or doubts.group_name is null
                    or coalesce(lives.is_in_default_vpc, true)
                )
            )
        )
    group by
        lives.job_key, lives.account_id, lives.aws_region, lives.judged_at, lives.endpoint_id,
        lives.group_id, lives.created_at, lives.came_at, lives.seen_at, lives.deleted_at
),
-- A row for each group and rule in force then, and one for a group without any. A rule that ended unseen, or of which only
-- a later snapshot tells, may or may not have been in force.
rules_judged as (
    select
        groups.job_key, groups.endpoint_id, groups.group_id, groups.known_from,
        case when groups.is_gone = 0 and groups.known_from is null then groups.group_id end as older_group_id,
        case when groups.is_gone = 0 then groups.doubt_event_id end as doubt_event_id,
        rules.peer_kind, rules.peer, rules.first_address, rules.last_address, rules.is_private,
        case
            when rules.peer is null or groups.may_lack = 1 or rules.ended_how = 'gone' then 0
            when rules.started_how = 'snapshot' and rules.seen_at > groups.judged_at then 0
            else 1
        end as is_sure,
        case when strpos(s3_lists.value, '"' || rules.peer || '"') > 0 then 1 else 0 end as is_s3_list,
        case when peers.group_id is not null then 1 else 0 end as is_job_peer
    from groups_judged as groups
    left join https_rules as rules
        on rules.account_id = groups.account_id
        and rules.aws_region = groups.aws_region
        and rules.group_id = groups.group_id
        and rules.is_egress = (groups.endpoint_id = '')
        and groups.is_gone = 0
        and (rules.started_at is null or rules.started_at <= groups.judged_at)
        and (rules.ended_at is null or rules.ended_at > groups.judged_at)
    -- A group that is gone is nobody's peer.
    left join (
        select distinct job_key, resource_id as group_id
        from networks
        where resource_kind = 'security_group' and is_gone = 0
    ) as peers
        on peers.job_key = groups.job_key and peers.group_id = rules.peer
    -- S3's prefix list as the rule of AWS Config saw it, with its id among its ranges; no record tells that id.
    left join (
        select account_id, aws_region, max(value) as value
        from evidence_facts
        where record = 'prefix_list' and state = 'known' and "of" = 'com.amazonaws.' || aws_region || '.s3'
        group by account_id, aws_region
    ) as s3_lists
        on s3_lists.account_id = groups.account_id
        and s3_lists.aws_region = groups.aws_region
        and rules.peer_kind = 'prefix_list'
),
-- Each target with each rule, and what of the target the rule holds: all of it, where the rule names it; else its range
-- clipped to the target. In order: pieces cover a target together where none leaves a gap to those before it.
pieces as (
    select
        job_key, vpc_id, vpc_created_at, endpoint_id, is_gateway, service, judged_at, direction, target_kind, target_id,
        target_first, target_last, unplaced_subnet_id, group_id, known_from, older_group_id, doubt_event_id, peer_kind,
        peer, is_private, is_s3_list, is_sure, piece_first, piece_last,
        max(piece_last) over (
            partition by job_key, vpc_id, endpoint_id, direction, target_kind, target_id
            order by piece_first, piece_last
            rows between unbounded preceding and 1 preceding
        ) as possible_before,
        max(case when is_sure = 1 then piece_last end) over (
            partition by job_key, vpc_id, endpoint_id, direction, target_kind, target_id
            order by piece_first, piece_last
            rows between unbounded preceding and 1 preceding
        ) as sure_before
    from (
        select
            targets.job_key, targets.vpc_id, targets.vpc_created_at, targets.endpoint_id, targets.is_gateway,
            targets.service, targets.judged_at, targets.direction, targets.target_kind, targets.target_id,
            targets.first_address as target_first, targets.last_address as target_last,
            case when targets.vpc_id is null then targets.resource_id end as unplaced_subnet_id,
            rules.group_id, rules.known_from, rules.older_group_id, rules.doubt_event_id, rules.peer_kind, rules.peer,
            rules.is_private, rules.is_s3_list, rules.is_sure,
            case
                when targets.target_kind = 'group' then case when rules.peer = targets.target_id then 0 end
                when targets.target_kind = 'everything' and targets.direction = 'in' and rules.is_job_peer = 1 then 0
                when targets.target_kind = 'everything' and targets.is_gateway = 1 and rules.is_s3_list = 1 then 0
                when rules.first_address <= targets.last_address and rules.last_address >= targets.first_address then
                    greatest(rules.first_address, targets.first_address)
            end as piece_first,
            case
                when targets.target_kind = 'group' then case when rules.peer = targets.target_id then 0 end
                when targets.target_kind = 'everything' and targets.direction = 'in' and rules.is_job_peer = 1 then
                    targets.last_address
                when targets.target_kind = 'everything' and targets.is_gateway = 1 and rules.is_s3_list = 1 then
                    targets.last_address
                when rules.first_address <= targets.last_address and rules.last_address >= targets.first_address then
                    least(rules.last_address, targets.last_address)
            end as piece_last
        from targets
        left join rules_judged as rules
            on rules.job_key = targets.job_key
            and rules.endpoint_id = case when targets.direction = 'in' then targets.endpoint_id else '' end
        where targets.resource_kind = 'subnet'
    ) as clipped
),
targets_judged as (
    select
        job_key, vpc_id, vpc_created_at, endpoint_id, is_gateway, service, judged_at, direction, target_kind,
        case
            when max(case when is_sure = 1 then piece_last end) >= max(target_last)
                and max(case when is_sure = 1 and piece_first > coalesce(sure_before, target_first - 1) + 1 then 1 else 0 end) = 0
                then 1
            else 0
        end as is_sure,
        case
            when max(piece_last) >= max(target_last)
                and max(case when piece_first > coalesce(possible_before, target_first - 1) + 1 then 1 else 0 end) = 0
                then 1
            else 0
        end as is_possible,
        case when count(piece_first) > 0 then 1 else 0 end as is_touched,
        case when target_kind = 'subnet' and max(target_first) is null then target_id end as unread_subnet_id,
        min(unplaced_subnet_id) as unplaced_subnet_id,
        min(known_from) as known_from,
        min(older_group_id) as older_group_id,
        min(doubt_event_id) as doubt_event_id,
        max(case when group_id is null then 0 else 1 end) as has_groups,
        max(case when peer_kind in ('ipv4', 'ipv6') then 1 else 0 end) as has_ranges,
        -- S3's addresses are public: no private range holds one.
        max(case when peer_kind = 'ipv4' and not is_private then 1 else 0 end) as has_public_ranges,
        max(case when peer_kind = 'security_group' then 1 else 0 end) as has_peers,
        -- A group of which only its name is known may be any.
        max(case when peer_kind = 'security_group' and peer not like 'sg-%' then 1 else 0 end) as has_named_peers,
        min(case when peer_kind = 'prefix_list' and is_s3_list = 0 then peer end) as unread_list
    from pieces
    group by
        job_key, vpc_id, vpc_created_at, endpoint_id, is_gateway, service, judged_at, direction, target_kind, target_id
),
-- The two ways of each endpoint: out of the job, and in through the endpoint's groups. A gateway endpoint has none.
ways as (
    select
        job_key, vpc_id, vpc_created_at, endpoint_id, is_gateway, service, judged_at,
        min(unplaced_subnet_id) as unplaced_subnet_id,
        min(known_from) as known_from,
        case
            when max(case when direction = 'out' and target_kind <> 'subnet' then is_sure end) = 1 then 1
            else coalesce(min(case when direction = 'out' and target_kind = 'subnet' then is_sure end), 0)
        end as is_out_sure,
        max(
            case
                when direction <> 'out' then 0
                when target_kind <> 'subnet' and is_possible = 1 then 1
                when coalesce(older_group_id, doubt_event_id, unread_list) is not null then 1
                when is_gateway = 1 then has_public_ranges
                when has_named_peers = 1 then 1
                when target_kind = 'subnet' and is_touched = 1 then 1
                when unread_subnet_id is not null then has_ranges
                else 0
            end
        ) as is_out_possible,
        max(case when direction = 'out' then has_peers else 0 end) as has_peers_out,
        case
            when is_gateway = 1 or max(case when direction = 'in' and target_kind = 'everything' then is_sure end) = 1 then 1
            else min(case when direction = 'in' and target_kind = 'subnet' then is_sure end)
        end as is_in_sure,
        case
            when is_gateway = 1 then 1
            when max(
                case
                    when direction <> 'in' then 0
                    when target_kind = 'everything' and is_possible = 1 then 1
                    when coalesce(older_group_id, doubt_event_id, unread_list) is not null then 1
                    else has_named_peers
                end
            ) = 1 then 1
            else
                min(
                    case
                        when direction <> 'in' or target_kind <> 'subnet' then 1
                        when unread_subnet_id is not null then has_ranges
                        else is_possible
                    end
                )
        end as is_in_possible,
        max(case when direction = 'in' then has_groups else 0 end) as has_groups_in,
        min(older_group_id) as older_group_id,
        min(doubt_event_id) as doubt_event_id,
        min(unread_list) as unread_list,
        min(unread_subnet_id) as unread_subnet_id
    from targets_judged
    group by job_key, vpc_id, vpc_created_at, endpoint_id, is_gateway, service, judged_at
),
-- Where no record tells the groups of an endpoint, they may let the job in, and may be the peers of its egress.
ways_judged as (
    select
        job_key, vpc_id, vpc_created_at, endpoint_id, is_gateway, service, judged_at, unplaced_subnet_id, known_from,
        older_group_id, doubt_event_id, unread_list, unread_subnet_id, has_groups_in,
        is_out_sure * is_in_sure as is_sure,
        case when is_gateway = 0 and has_groups_in = 0 and has_peers_out = 1 then 1 else is_out_possible end
            as is_out_possible,
        case when has_groups_in = 0 then 1 else is_in_possible end as is_in_possible
    from ways
),
-- Of several endpoints of a service, one suffices; one that no record shows may be the one.
services_reached as (
    select
        job_key, vpc_id, vpc_created_at, judged_at, services.service,
        min(unplaced_subnet_id) as unplaced_subnet_id,
        least(vpc_created_at, min(known_from)) as known_from,
        max(case when ways.service = services.service then is_sure else 0 end) as is_sure,
        max(case when ways.service = services.service then is_possible else 0 end) as is_possible,
        min(case when ways.service = 'unknown' then endpoint_id end) as unknown_endpoint_id,
        min(case when ways.service = services.service then endpoint_id end) as first_endpoint_id,
        min(case when ways.service = services.service then blocked_words end) as blocked_words,
        min(case when ways.service = services.service then unknown_words end) as unknown_words
    from (
        select
            job_key, vpc_id, vpc_created_at, endpoint_id, service, judged_at, unplaced_subnet_id, known_from, is_sure,
            is_out_possible * is_in_possible as is_possible,
            case
                when is_out_possible = 1 then endpoint_id || ' (' || service || ': its groups do not let the job in)'
                when is_in_possible = 1 then endpoint_id || ' (' || service || ': no egress to it)'
                else endpoint_id || ' (' || service || ': no egress to it, and its groups do not let the job in)'
            end as blocked_words,
            case
                when is_out_possible * is_in_possible = 0 then null
                when doubt_event_id is not null then
                    'event ' || doubt_event_id || ' may have changed the rules, and could not be followed'
                when older_group_id is not null then
                    older_group_id || ' is older than the logs, so it may have rules that no record shows'
                when is_gateway = 0 and has_groups_in = 0 then 'no record tells which groups ' || endpoint_id || ' has'
                when unread_list is not null then 'no record tells what is in ' || unread_list
                when unread_subnet_id is not null then 'no record tells the range of ' || unread_subnet_id
                when is_gateway = 1 then 'no record tells whether the ranges of its egress hold the addresses of S3'
                else 'rules decide that may have been in force, or that cover a part of the subnets of ' || endpoint_id
            end as unknown_words
        from ways_judged
    ) as ways
    cross join (values ('S3'), ('KMS')) as services (service)
    group by job_key, vpc_id, vpc_created_at, judged_at, services.service
),
-- Whether it needs KMS: only a request or a run of the rule that tells all of the job can say that it uses no key.
keys_told as (
    select
        job_key,
        max(case when kms_key_id is not null then 1 else 0 end) as has_key,
        max(case when vpc_config_state <> 'unknown' then 1 else 0 end) as is_told
    from (
        select job_key, kms_key_id, vpc_config_state
        from job_requests
        where error_code is null and not is_repeat
        union all
        select job_arn as job_key, kms_key_id, vpc_config_state
        from evidence
        where evaluated_at <= $as_of
    ) as told
    group by job_key
),
services_judged as (
    select
        reached.job_key, reached.judged_at, reached.known_from, reached.unplaced_subnet_id, reached.first_endpoint_id,
        reached.blocked_words,
        case
            when reached.vpc_id is null then 'unplaced'
            when reached.service = 'KMS' and coalesce(keys_told.has_key, 0) = 0 and coalesce(keys_told.is_told, 0) = 1 then 'not_needed'
            when reached.service = 'KMS' and coalesce(keys_told.has_key, 0) = 0 and reached.is_sure = 1 then 'not_needed'
            when reached.is_sure = 1 then 'reached'
            when reached.vpc_created_at is null or reached.unknown_endpoint_id is not null then 'unknown'
            when reached.first_endpoint_id is null then 'no_endpoint'
            when reached.is_possible = 0 and (reached.service = 'S3' or coalesce(keys_told.has_key, 0) = 1) then 'blocked'
            else 'unknown'
        end as outcome,
        case
            when reached.is_possible = 0 and reached.vpc_created_at is null then
                reached.vpc_id || ' is older than the logs, so it may have an endpoint of ' || reached.service
                || ' that no record shows'
            when reached.is_possible = 0 and reached.unknown_endpoint_id is not null then
                'no record tells of which service ' || reached.unknown_endpoint_id || ' is'
            when reached.is_possible = 0 then
                'no record tells whether the job uses a key of KMS, whose endpoint it could not reach'
            else reached.unknown_words
        end as unknown_words
    from services_reached as reached
    left join keys_told on keys_told.job_key = reached.job_key
),
reach as (
    select
        outcomes.job_key, outcomes.judged_at, outcomes.is_unplaced, outcomes.unplaced_subnet_id, outcomes.reached,
        outcomes.blocked, outcomes.blocked_words, outcomes.blocked_id, outcomes.unknown, outcomes.unknown_words,
        count(holes.hour) as hours_missing,
        min(holes.hour) as first_missing_hour,
        max(holes.hour) + interval '1' hour as last_missing_hour_end
    from (
        select
            services_judged.job_key, services_judged.judged_at, jobs_then.account_id, jobs_then.aws_region,
            case
                when min(services_judged.known_from) < min(jobs_then.first_seen_at) then min(services_judged.known_from)
                else min(jobs_then.first_seen_at)
            end as known_from,
            max(case when outcome = 'unplaced' then 1 else 0 end) as is_unplaced,
            min(unplaced_subnet_id) as unplaced_subnet_id,
            sum(case when outcome = 'reached' then 1 else 0 end) as reached,
            sum(case when outcome = 'blocked' then 1 else 0 end) as blocked,
            min(case when outcome = 'blocked' then blocked_words end) as blocked_words,
            min(case when outcome = 'blocked' then first_endpoint_id end) as blocked_id,
            sum(case when outcome = 'unknown' then 1 else 0 end) as unknown,
            min(case when outcome = 'unknown' then unknown_words end) as unknown_words
        from services_judged
        inner join jobs_then on jobs_then.job_key = services_judged.job_key
        group by services_judged.job_key, services_judged.judged_at, jobs_then.account_id, jobs_then.aws_region
    ) as outcomes
    left join holes
        on holes.account_id = outcomes.account_id
        and holes.aws_region = outcomes.aws_region
        and holes.hour >= date_trunc('hour', outcomes.known_from)
        and holes.hour < outcomes.judged_at
    group by
        outcomes.job_key, outcomes.judged_at, outcomes.is_unplaced, outcomes.unplaced_subnet_id, outcomes.reached,
        outcomes.blocked, outcomes.blocked_words, outcomes.blocked_id, outcomes.unknown, outcomes.unknown_words
),
-- Of each job how many groups and subnets it names, and how many of its groups were gone then.
reach_counts as (
    select
        job_key, judged_at,
        sum(case when resource_kind = 'security_group' then 1 else 0 end) as groups,
        sum(case when resource_kind = 'subnet' then 1 else 0 end) as subnets,
        sum(case when resource_kind = 'security_group' then is_gone else 0 end) as gone
    from networks
    group by job_key, judged_at
),
reach_outcomes as (
    select
        jobs_then.account_id, jobs_then.aws_region, jobs_then.requested_at, jobs_then.first_seen_at,
        jobs_then.principal_arn, jobs_then.job_kind, jobs_then.job_name, jobs_then.job_arn, jobs_then.event_id,
        jobs_then.log_file, jobs_then.record_index,
        reach_counts.judged_at, reach.unplaced_subnet_id, reach.reached, reach.blocked, reach.blocked_words,
        reach.blocked_id, reach.unknown_words,
        coalesce(reach.hours_missing, 0) as hours_missing, reach.first_missing_hour, reach.last_missing_hour_end,
        case when ends.known_until + interval '2' hour <= reach_counts.judged_at then ends.known_until end as known_until,
        case
            when reach_counts.job_key is null and jobs_then.vpc_config_state = 'absent' then 'outside'
            when coalesce(reach_counts.groups, 0) = 0 or coalesce(reach_counts.subnets, 0) = 0 then 'nameless'
            when reach_counts.gone = reach_counts.groups then 'gone'
            when reach.blocked > 0 then 'blocked'
            when reach.is_unplaced = 1 then 'unplaced'
            when reach.unknown > 0 then 'unknown'
            when coalesce(reach.reached, 0) = 0 then 'no_endpoint'
            else 'reached'
        end as outcome
    from jobs_then
    left join reach_counts on reach_counts.job_key = jobs_then.job_key
    left join reach on reach.job_key = jobs_then.job_key
    left join ends on ends.account_id = jobs_then.account_id and ends.aws_region = jobs_then.aws_region
),
verdicts as (
    select
        account_id, aws_region, requested_at, first_seen_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_security_groups_reach_endpoints' as control,
        case
            when outcome in ('outside', 'gone') then 'NotApplicable'
            when hours_missing > 0 or known_until is not null then 'Undetermined'
            when outcome = 'no_endpoint' then 'NotApplicable'
            when outcome = 'blocked' then 'NonCompliant'
            when outcome = 'reached' then 'Compliant'
            else 'Undetermined'
        end as verdict,
        case outcome
            when 'outside' then 'the job has no VPC configuration'
            when 'nameless' then 'no record tells which groups and subnets the job has'
            when 'gone' then 'none of its security groups existed any more: job_security_groups_exist judges that'
            when 'blocked' then
                'its security groups did not let it reach on TCP 443: ' || blocked_words
                || case when blocked > 1 then '; ' || cast(blocked - 1 as varchar) || ' more service too' else '' end
            when 'unplaced' then 'no record tells which VPC ' || unplaced_subnet_id || ' is in'
            when 'unknown' then unknown_words
            when 'no_endpoint' then 'its VPC had no endpoint that it needs: job_private_path judges that'
            else 'its security groups let it reach the endpoints (' || cast(reached as varchar) || ') on TCP 443'
        end
        || case when judged_at < $as_of then ', at the end of its run' else '' end
        || case
            when outcome not in ('blocked', 'no_endpoint', 'reached') then ''
            when hours_missing > 0 then
                ', but ' || case when $coverage = 'attested' then 'no valid digest file covers ' else 'the logs lack ' end
                || cast(hours_missing as varchar) || ' hours since its network was made, from '
                || cast(first_missing_hour as varchar) || ' to ' || cast(last_missing_hour_end as varchar)
                || ' (query coverage_by_hour)'
            when known_until is not null then ', but the logs end at ' || cast(known_until as varchar)
            else ''
        end as reason,
        case
            when outcome in ('blocked', 'no_endpoint', 'reached') and (hours_missing > 0 or known_until is not null) then
                'bedrock-audit ingest SOURCE --accounts ' || account_id || ' --regions ' || aws_region
                || ' --from ' || cast(coalesce(first_missing_hour, known_until) as varchar)
                || case when known_until is null then ' --to ' || cast(last_missing_hour_end as varchar) else '' end
        end as next_step,
        case outcome when 'blocked' then blocked_id when 'unplaced' then unplaced_subnet_id end as resource_id,
        event_id as cited_event_id,
        log_file as cited_log_file,
        record_index as cited_record_index
    from reach_outcomes
),
-- Where records of log files count that no valid digest file lists.
unvouched_places as (
    select distinct account_id, aws_region from log_file_attestations where state in ('not_attested', 'unknown')
),
-- A record is as good as the log file that it stands in.
cited as (
    select
        verdicts.account_id, verdicts.aws_region, verdicts.requested_at, verdicts.first_seen_at, verdicts.principal_arn,
        verdicts.job_kind, verdicts.job_name, verdicts.job_arn, verdicts.event_id, verdicts.control, verdicts.verdict,
        verdicts.reason, verdicts.next_step, verdicts.resource_id, verdicts.cited_event_id, verdicts.cited_log_file,
        verdicts.cited_record_index, log_file_attestations.state as log_file_state, log_file_attestations.digest_file,
        case
            when log_file_attestations.state = 'mismatch' then 'changed after delivery'
            when $coverage = 'attested' and coalesce(log_file_attestations.state, 'evidence') <> 'attested' then 'vouched for by no valid digest file'
            -- These rest on more records than the one that they cite.
            when
                $coverage = 'attested' and unvouched_places.account_id is not null
                then 'attested, but others of its account and Region, on which it may rest too, are vouched for by no valid digest file'
        end as objection
    from verdicts
    left join log_file_attestations on log_file_attestations.log_file = verdicts.cited_log_file
    left join unvouched_places
        on unvouched_places.account_id = verdicts.account_id and unvouched_places.aws_region = verdicts.aws_region
)
select
    account_id, aws_region, requested_at, principal_arn, job_kind, job_name, job_arn, control,
    case when objection is null then verdict else 'Undetermined' end as verdict,
    case
        when objection is null or verdict = 'Undetermined' then reason
        else reason || ', says a record in a log file that is ' || objection
    end as reason,
    case
        when log_file_state = 'mismatch' then 'restore the log file as it was delivered, from an older version of the object or a copy, and ingest again'
        when objection is not null then 'ingest the digest files that list the log file'
        else next_step
    end as next_step,
    resource_id, cited_event_id, cited_log_file, cited_record_index,
    log_file_state as cited_log_file_state,
    digest_file as cited_digest_file,
    case when requested_at is not null then event_id end as request_event_id
from cited
order by account_id, aws_region, first_seen_at, event_id, control
