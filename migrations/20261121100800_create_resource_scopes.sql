-- The scopes of a resource, in the order in which people read them on the consent page.
create table resource_scopes (
    tenant_id   uuid     not null,
    resource_id uuid     not null,
    name        text     not null check (octet_length(name) between 1 and 500),
    description text     not null check (octet_length(description) <= 2000),
    is_default  boolean  not null,
    position    smallint not null check (position >= 0),
    primary key (tenant_id, resource_id, name),
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade
);

select isolate_tenant_table('resource_scopes');
