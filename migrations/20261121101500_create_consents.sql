-- Remembered decisions of a person: this client, at this redirect URI, may use this resource with these
-- scopes. Anything new is asked again.
create table consents (
    tenant_id    uuid        not null,
    user_id      uuid        not null,
    client_key   uuid        not null,
    resource_id  uuid        not null,
    redirect_uri text        not null check (octet_length(redirect_uri) between 1 and 2048),
    scopes       text[]      not null,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (tenant_id, user_id, client_key, resource_id, redirect_uri),
    foreign key (tenant_id, user_id)     references users     (tenant_id, user_id)     on delete cascade,
    foreign key (tenant_id, client_key)  references clients   (tenant_id, client_key)  on delete cascade,
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade
);
create index consents_of_a_client on consents (tenant_id, client_key);
create index consents_of_a_resource on consents (tenant_id, resource_id);

select isolate_tenant_table('consents');
