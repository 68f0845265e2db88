-- The only resources that a limited client may use.
create table client_resources (
    tenant_id   uuid not null,
    client_key  uuid not null,
    resource_id uuid not null,
    primary key (tenant_id, client_key, resource_id),
    foreign key (tenant_id, client_key)  references clients   (tenant_id, client_key)  on delete cascade,
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade
);
create index client_resources_of_a_resource on client_resources (tenant_id, resource_id);

select isolate_tenant_table('client_resources');
