-- How a tenant signs, how long its keys live, and what it asks of its clients. The defaults are for tenants that
-- are older than the columns, and for versions that don't write them yet.
alter table tenants
    add column signing_algorithm             text    not null default 'RS256',
    add column signing_key_rotation_interval integer not null default 2592000,
    -- How long a key is published before it signs.
    add column signing_key_lead              integer not null default 86400,
    -- How long a rotation waits for resources that have not yet fetched the next key.
    add column signing_key_wait              integer not null default 0,
    add column rotates_confidential_refresh_tokens boolean not null default true,
    add column is_dpop_nonce_required        boolean not null default false,
    add column is_par_required               boolean not null default false,
    -- Whose device requests are taken.
    add column device_authorization          text    not null default 'vouched_for',
    add constraint tenants_signing_algorithm_check
        check (signing_algorithm in ('RS256', 'PS256', 'ES256', 'EdDSA')) not valid,
    add constraint tenants_signing_key_rotation_interval_check
        check (signing_key_rotation_interval >= 86400) not valid,
    add constraint tenants_signing_key_lead_check
        check (signing_key_lead between 3600 and 604800) not valid,
    add constraint tenants_signing_key_wait_check
        check (signing_key_wait between 0 and 604800) not valid,
    add constraint tenants_device_authorization_check
        check (device_authorization in ('off', 'vouched_for', 'open')) not valid;
