-- The platform's policies above all tenants, which only forbid. As in policy_versions the newest one decides.
create table guard_rail_versions (
    version     bigint      not null primary key check (version > 0),
    -- Empty: no guard rails.
    policies    text        not null check (octet_length(policies) <= 65536),
    note        text        check (octet_length(note) between 1 and 1000),
    reverts_to  bigint      check (reverts_to >= 0 and reverts_to < version),
    author_kind text        not null check (octet_length(author_kind) between 1 and 100),
    author_id   text        check (octet_length(author_id) between 1 and 2048),
    created_at  timestamptz not null
);

select open_platform_table('guard_rail_versions');
