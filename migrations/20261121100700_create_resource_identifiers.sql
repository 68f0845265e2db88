-- The identifiers that a resource is asked by (RFC 8707): the registered one first, then its aliases.
-- Unique after normalisation, so that a resource indicator means one resource or none.
create table resource_identifiers (
    tenant_id             uuid     not null,
    normalised_identifier text     not null check (octet_length(normalised_identifier) between 1 and 2000),
    identifier            text     not null check (octet_length(identifier) between 1 and 2000),
    resource_id           uuid     not null,
    position              smallint not null check (position >= 0),
    constraint resource_identifiers_are_unique primary key (tenant_id, normalised_identifier),
    unique (tenant_id, resource_id, position),
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade
);

select isolate_tenant_table('resource_identifiers');
