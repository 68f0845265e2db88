-- A protected MCP server. `audience` is what its tokens carry in `aud`: unique in the tenant, or a token
-- for one resource would be good at another.
create table resources (
    tenant_id             uuid        not null references tenants,
    resource_id           uuid        not null,
    audience              text        not null check (octet_length(audience) between 1 and 2000),
    name                  text        not null check (octet_length(name) between 1 and 1000),
    access_token_lifetime integer     check (access_token_lifetime between 1 and 86400),
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    primary key (tenant_id, resource_id),
    constraint resources_audience_is_unique unique (tenant_id, audience)
);

-- The resource that a request without a resource indicator means.
alter table tenants
    add column default_resource_id uuid,
    add foreign key (tenant_id, default_resource_id) references resources (tenant_id, resource_id)
        on delete set null (default_resource_id);

select isolate_tenant_table('resources');
