-- Audiences that no resource has any more, or another one has now, while access tokens of before could still live:
-- the revocation feed names them. Rows are removed once no such token is valid any more.
create table ended_audiences (
    tenant_id   uuid        not null references tenants,
    audience    text        not null check (octet_length(audience) between 1 and 2000),
    -- Tokens for it from before this moment are void.
    ended_at    timestamptz not null,
    lives_until timestamptz not null,
    primary key (tenant_id, audience)
);
create index ended_audiences_by_end on ended_audiences (tenant_id, lives_until);

select isolate_tenant_table('ended_audiences');

-- Since when the audience is this resource's; null: since the resource was made.
alter table resources add column audience_since timestamptz;
