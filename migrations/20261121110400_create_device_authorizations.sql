-- What devices without a browser ask for (RFC 8628): a row from the request until the device has heard the
-- answer, and a while longer, so that a late question hears "expired" and a replay is recognised. Both codes are
-- kept as digests; the user code is short, which the pepper makes up for.
create table device_authorizations (
    tenant_id          uuid        not null,
    -- Of the sign-in that a person's answer comes from.
    pending_id         uuid        not null,
    client_key         uuid        not null,
    device_code_digest bytea       not null check (octet_length(device_code_digest) = 32),
    user_code_digest   bytea       not null check (octet_length(user_code_digest) = 32),
    pepper_id          smallint    not null,
    scopes             text[]      not null,
    resource_ids       uuid[]      not null,
    requested_from     inet        not null,
    state              text        not null check (state in ('pending', 'approved', 'denied', 'redeemed')),
    grant_id           uuid,
    poll_interval      integer     not null check (poll_interval between 1 and 86400),
    last_polled_at     timestamptz,
    created_at         timestamptz not null,
    expires_at         timestamptz not null,
    decided_at         timestamptz,
    forget_at          timestamptz not null,
    primary key (tenant_id, pending_id),
    constraint device_authorizations_device_code_is_unique unique (tenant_id, device_code_digest),
    constraint device_authorizations_user_code_is_unique unique (tenant_id, user_code_digest),
    foreign key (tenant_id, client_key) references clients (tenant_id, client_key) on delete cascade,
    foreign key (tenant_id, grant_id)   references grants  (tenant_id, grant_id)   on delete cascade,
    check ((grant_id is not null) = (state in ('approved', 'redeemed'))),
    check ((decided_at is null) = (state = 'pending'))
);
create index device_authorizations_of_a_client on device_authorizations (tenant_id, client_key);
create index device_authorizations_of_a_grant on device_authorizations (tenant_id, grant_id) where grant_id is not null;
create index device_authorizations_by_end on device_authorizations (tenant_id, forget_at);

select isolate_tenant_table('device_authorizations');
