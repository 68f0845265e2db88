-- The record of a consent, which tokens descend from: revoke it, and all of them are dead.
create table grants (
    tenant_id        uuid        not null,
    grant_id         uuid        not null,
    user_id          uuid        not null,
    client_key       uuid        not null,
    scopes           text[]      not null,
    -- A resource that is removed later stays listed: it resolves to nothing then.
    resource_ids     uuid[]      not null,
    authenticated_at timestamptz not null,
    created_at       timestamptz not null,
    revoked_at       timestamptz,
    revoked_reason   text        check (octet_length(revoked_reason) between 1 and 200),
    primary key (tenant_id, grant_id),
    foreign key (tenant_id, user_id)    references users   (tenant_id, user_id)    on delete cascade,
    foreign key (tenant_id, client_key) references clients (tenant_id, client_key) on delete cascade,
    check ((revoked_at is null) = (revoked_reason is null))
);
create index grants_of_a_user on grants (tenant_id, user_id, grant_id);
create index grants_by_age on grants (tenant_id, created_at);
create index grants_of_a_client on grants (tenant_id, client_key, grant_id);

select isolate_tenant_table('grants');
