-- What a tenant's administrator says about the clients that come by themselves. The defaults are for tenants
-- that are older than the columns, and for versions that don't write them yet.
alter table tenants
    -- Hosts of https redirect URIs; null: any.
    add column registration_redirect_hosts    text[],
    add column registration_allows_loopback   boolean not null default true,
    -- Null: not limited by the tenant.
    add column registration_scopes            text[],
    add column registration_max_clients       integer not null default 10000,
    add column registration_unused_lifetime   integer not null default 604800,
    -- A list of {issuer, jwks}.
    add column software_statement_issuers     jsonb   not null default '[]',
    add column is_software_statement_required boolean not null default false,
    add column client_document_policy         text    not null default 'open',
    add column client_document_domains        text[]  not null default '{}',
    add column tolerates_json_token_body                 boolean not null default false,
    add column tolerates_confidential_without_pkce       boolean not null default false,
    add column tolerates_token_endpoint_audience         boolean not null default false,
    add column tolerates_unauthenticated_introspection   boolean not null default false,
    drop constraint tenants_registration_policy_check,
    add constraint tenants_registration_policy_check
        check (registration_policy in ('open', 'initial_access_token', 'off')) not valid,
    add constraint tenants_registration_max_clients_check
        check (registration_max_clients >= 0) not valid,
    add constraint tenants_registration_unused_lifetime_check
        check (registration_unused_lifetime > 0) not valid,
    add constraint tenants_software_statement_issuers_check
        check (jsonb_typeof(software_statement_issuers) = 'array') not valid,
    add constraint tenants_client_document_policy_check
        check (client_document_policy in ('open', 'allow_list', 'deny_list', 'off')) not valid;
