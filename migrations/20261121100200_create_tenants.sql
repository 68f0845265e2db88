-- A tenant is an issuer of its own. Rows are never removed: a slug and an issuer are never given out
-- again, since old tokens and registered clients still name them.
-- Durations are whole seconds.
create table tenants (
    tenant_id                 uuid        not null,
    slug                      text        not null check (octet_length(slug) between 1 and 63),
    display_name              text        not null check (octet_length(display_name) between 1 and 1000),
    issuer                    text        not null check (octet_length(issuer) <= 1000),
    issuer_host               text        not null check (octet_length(issuer_host) between 1 and 300),
    -- Without a trailing slash; compared and ranged over byte by byte, whatever the database's locale.
    issuer_path               text collate "C" not null check (issuer_path = '' or issuer_path ~ '^/.*[^/]$'),
    state                     text        not null check (state in ('active', 'suspended', 'deleted')),
    registration_policy       text        not null check (registration_policy in ('open', 'off')),
    access_token_lifetime     integer     not null check (access_token_lifetime between 1 and 86400),
    refresh_idle_lifetime     integer     not null check (refresh_idle_lifetime > 0),
    refresh_absolute_lifetime integer     not null check (refresh_absolute_lifetime > 0),
    refresh_grace_window      integer     not null check (refresh_grace_window between 0 and 3600),
    browser_session_lifetime  integer     not null check (browser_session_lifetime > 0),
    private_use_redirect_uris text[]      not null,
    created_at                timestamptz not null,
    updated_at                timestamptz not null,
    deleted_at                timestamptz,
    primary key (tenant_id),
    constraint tenants_slug_is_unique unique (slug),
    constraint tenants_issuer_is_unique unique (issuer),
    constraint tenants_location_is_unique unique (issuer_host, issuer_path),
    check ((state = 'deleted') = (deleted_at is not null))
);

select open_platform_table('tenants');
-- Never removed, so never removable.
do $$
begin
    execute format('revoke delete on tenants from %I', writ_role('writ.platform_role', 'writ_platform'));
end
$$;
