-- What was done above tenants: admin keys, tenants, the installation. Added to and read, never edited.
create table platform_audit_events (
    occurred_at timestamptz not null,
    event_id    uuid        not null,
    -- The tenant it was about, if any.
    tenant_id   uuid        references tenants,
    event_type  text        not null check (octet_length(event_type) between 1 and 100),
    actor_kind  text        not null check (octet_length(actor_kind) between 1 and 50),
    actor_id    text        check (octet_length(actor_id) <= 2048),
    target_kind text        check (octet_length(target_kind) between 1 and 50),
    target_id   text        check (octet_length(target_id) <= 2048),
    request_id  text        check (octet_length(request_id) <= 200),
    address     inet,
    details     jsonb       not null check (jsonb_typeof(details) = 'object'),
    primary key (occurred_at, event_id)
);

select open_platform_table('platform_audit_events');
do $$
begin
    execute format('revoke update, delete on platform_audit_events from %I',
        writ_role('writ.platform_role', 'writ_platform'));
end
$$;
