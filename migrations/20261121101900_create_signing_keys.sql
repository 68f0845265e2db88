-- A tenant's keys. `next` is published before it signs, `retired` still verifies what it signed.
-- Private parts are sealed with tenant, kid, algorithm and kek_id as associated data.
create table signing_keys (
    tenant_id          uuid        not null references tenants,
    kid                text        not null check (octet_length(kid) between 1 and 200),
    algorithm          text        not null check (algorithm in ('RS256', 'PS256', 'ES256', 'EdDSA')),
    state              text        not null check (state in ('next', 'active', 'retired')),
    public_jwk         jsonb       not null,
    sealed_private_key bytea       not null,
    kek_id             text        not null,
    created_at         timestamptz not null,
    activated_at       timestamptz,
    retired_at         timestamptz,
    primary key (tenant_id, kid),
    check ((state = 'next') = (activated_at is null)),
    check ((state = 'retired') = (retired_at is not null))
);
-- One of each at most: two replicas that make a key at once get one key.
create unique index signing_keys_one_is_next   on signing_keys (tenant_id) where state = 'next';
create unique index signing_keys_one_is_active on signing_keys (tenant_id) where state = 'active';

select isolate_tenant_table('signing_keys');
