-- What an MCP server listed as its tools when scopes were imported from it, each with the scope it was given; and what
-- it listed when it was asked again, so that the difference can be shown. Lists are bounded by whoever writes them: 500
-- tools, some hundred bytes of each.
create table resource_tools (
    tenant_id   uuid        not null,
    resource_id uuid        not null,
    -- Null: the list was handed in.
    url         text        check (octet_length(url) between 1 and 2048),
    imported    jsonb       not null check (jsonb_typeof(imported) = 'array'),
    imported_at timestamptz not null,
    found       jsonb       check (jsonb_typeof(found) = 'array'),
    checked_at  timestamptz,
    primary key (tenant_id, resource_id),
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade,
    check ((found is null) = (checked_at is null))
);

select isolate_tenant_table('resource_tools');
