-- Values of `resource` (RFC 8707) that were refused, when somebody authenticated asked for them: an
-- administrator may accept one as a name of a resource. A tenant keeps a hundred, the latest seen.
create table refused_resource_indicators (
    tenant_id        uuid        not null references tenants,
    indicator_id     uuid        not null,
    -- SHA-256: the value may be too long for an index.
    value_digest     bytea       not null check (octet_length(value_digest) = 32),
    value            text        not null check (octet_length(value) between 1 and 2048),
    -- Who asked last.
    client_id        text        not null check (octet_length(client_id) between 1 and 2048),
    times_refused    bigint      not null check (times_refused > 0),
    first_refused_at timestamptz not null,
    last_refused_at  timestamptz not null,
    primary key (tenant_id, indicator_id),
    constraint refused_resource_indicators_value_is_unique unique (tenant_id, value_digest)
);
create index refused_resource_indicators_by_age on refused_resource_indicators (tenant_id, last_refused_at);

select isolate_tenant_table('refused_resource_indicators');
