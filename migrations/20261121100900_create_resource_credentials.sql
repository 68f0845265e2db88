-- What a resource server introspects with. A generated secret is kept as a digest under a server
-- pepper; one that an operator chose may be weak and is kept as an argon2id hash.
create table resource_credentials (
    tenant_id     uuid        not null,
    credential_id uuid        not null,
    resource_id   uuid        not null,
    client_id     text        not null check (octet_length(client_id) between 1 and 2048),
    secret_digest bytea       check (octet_length(secret_digest) = 32),
    pepper_id     smallint,
    secret_hash   text,
    created_at    timestamptz not null,
    primary key (tenant_id, credential_id),
    constraint resource_credentials_client_id_is_unique unique (tenant_id, client_id),
    foreign key (tenant_id, resource_id) references resources (tenant_id, resource_id) on delete cascade,
    check ((secret_digest is null) = (pepper_id is null)),
    check ((secret_digest is null) <> (secret_hash is null))
);
create index resource_credentials_of_a_resource
    on resource_credentials (tenant_id, resource_id, credential_id);

select isolate_tenant_table('resource_credentials');
