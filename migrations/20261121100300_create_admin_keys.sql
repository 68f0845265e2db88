-- Keys of the admin API. A key without a tenant is the platform's: it may manage every tenant.
create table admin_keys (
    admin_key_id uuid        not null,
    tenant_id    uuid        references tenants,
    name         text        not null check (octet_length(name) between 1 and 1000),
    key_digest   bytea       not null check (octet_length(key_digest) = 32),
    pepper_id    smallint    not null,
    access       text        not null check (access in ('read', 'write')),
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    -- Written in batches, at most once a minute per key: a hint, not a record.
    last_used_at timestamptz,
    primary key (admin_key_id),
    constraint admin_keys_digest_is_unique unique (key_digest)
);
create index admin_keys_of_a_tenant on admin_keys (tenant_id, admin_key_id);

select open_platform_table('admin_keys');
