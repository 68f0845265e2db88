-- Claims to hosts outside of WRIT_PUBLIC_URL: which tenant's issuer may be at one, once the host has shown that it is
-- the claimant's. The tenant is a slug: it is made afterwards.
create table issuer_hosts (
    issuer_host_id uuid        not null primary key,
    -- As tenants.issuer_host has it: lower case, with its port if that is not 443.
    host           text        not null check (octet_length(host) between 1 and 300),
    slug           text        not null check (octet_length(slug) between 1 and 63),
    -- What is published at the host, so no secret.
    challenge      text        not null check (octet_length(challenge) between 22 and 200),
    created_at     timestamptz not null,
    -- Unless it was verified by then.
    expires_at     timestamptz not null,
    verified_at    timestamptz,
    constraint issuer_hosts_are_claimed_once unique (host, slug)
);
-- Several may claim a host; the first that proves it has it.
create unique index issuer_hosts_one_is_verified on issuer_hosts (host) where verified_at is not null;
create index issuer_hosts_by_end on issuer_hosts (expires_at) where verified_at is null;

select open_platform_table('issuer_hosts');
