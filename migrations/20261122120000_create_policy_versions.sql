-- The policies of a tenant (Cedar), version by version. The newest one decides; none means the policies that every
-- tenant begins with. A version is never changed: going back is a new version with an old text.
create table policy_versions (
    tenant_id   uuid        not null references tenants,
    version     bigint      not null check (version > 0),
    -- Null: the policies that every tenant begins with, as the running version of Writ has them.
    policies    text        check (octet_length(policies) between 1 and 65536),
    note        text        check (octet_length(note) between 1 and 1000),
    -- The version whose text this one repeats.
    reverts_to  bigint      check (reverts_to >= 0 and reverts_to < version),
    -- As the audit names who wrote it.
    author_kind text        not null check (octet_length(author_kind) between 1 and 100),
    author_id   text        check (octet_length(author_id) between 1 and 2048),
    created_at  timestamptz not null,
    primary key (tenant_id, version)
);

select isolate_tenant_table('policy_versions');
