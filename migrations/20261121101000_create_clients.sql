-- OAuth clients. `client_key` is ours; `client_id` is the OAuth name, and may be a URL of 2 KB.
create table clients (
    tenant_id             uuid        not null references tenants,
    client_key            uuid        not null,
    client_id             text        not null check (octet_length(client_id) between 1 and 2048),
    origin                text        not null check (origin in ('static', 'registered', 'document')),
    name                  text        check (octet_length(name) between 1 and 1000),
    redirect_uris         text[]      not null,
    grant_types           text[]      not null,
    auth_method           text        not null check (auth_method in
                              ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')),
    application_type      text        not null check (application_type in ('web', 'native')),
    -- Null: not limited by the client.
    scopes                text[],
    -- When set, client_resources lists the only resources it may use.
    is_limited_to_listed_resources boolean not null,
    default_resource_id   uuid,
    is_enabled            boolean     not null,
    access_token_lifetime integer     check (access_token_lifetime between 1 and 86400),
    -- What the client says about itself and people may read: client_uri, logo_uri, software_id, …
    -- Nothing is decided by it.
    self_description      jsonb       not null check (jsonb_typeof(self_description) = 'object'),
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    primary key (tenant_id, client_key),
    constraint clients_client_id_is_unique unique (tenant_id, client_id),
    foreign key (tenant_id, default_resource_id) references resources (tenant_id, resource_id)
        on delete set null (default_resource_id)
);
-- Registrations that nobody ever used are removed, oldest first.
create index clients_registered_by_age on clients (tenant_id, created_at) where origin = 'registered';
create index clients_by_default_resource on clients (tenant_id, default_resource_id)
    where default_resource_id is not null;

select isolate_tenant_table('clients');
