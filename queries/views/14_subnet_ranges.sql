-- one row: one subnet's life, with the first and last address of its IPv4 range as numbers; null = no record tells it, or
-- the subnet has none.
select
    account_id, aws_region, subnet_id, vpc_id, cidr_block, first_seen_at, created_at, deleted_at,
    first_address,
    first_address + addresses - 1 as last_address
from (
    select
        account_id, aws_region, subnet_id, vpc_id, cidr_block, first_seen_at, created_at, deleted_at,
        try_cast(split_part(cidr_block, '.', 1) as bigint) * 16777216
            + try_cast(split_part(cidr_block, '.', 2) as bigint) * 65536
            + try_cast(split_part(cidr_block, '.', 3) as bigint) * 256
            + try_cast(split_part(split_part(cidr_block, '.', 4), '/', 1) as bigint) as first_address,
        cast(power(2, 32 - try_cast(split_part(cidr_block, '/', 2) as bigint)) as bigint) as addresses
    from subnets
) as lives
