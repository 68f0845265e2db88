-- What authenticated parties did in a tenant. History is partitioned by month and dropped by partition;
-- nothing edits or removes single events, so the app role may only add and read.
create table audit_events (
    tenant_id   uuid        not null references tenants,
    occurred_at timestamptz not null,
    event_id    uuid        not null,
    event_type  text        not null check (octet_length(event_type) between 1 and 100),
    actor_kind  text        not null check (octet_length(actor_kind) between 1 and 50),
    actor_id    text        check (octet_length(actor_id) <= 2048),
    target_kind text        check (octet_length(target_kind) between 1 and 50),
    target_id   text        check (octet_length(target_id) <= 2048),
    request_id  text        check (octet_length(request_id) <= 200),
    address     inet,
    details     jsonb       not null check (jsonb_typeof(details) = 'object'),
    primary key (tenant_id, occurred_at, event_id)
) partition by range (occurred_at);

select isolate_tenant_table('audit_events');
do $$
begin
    execute format('revoke update, delete on audit_events from %I', writ_role('writ.app_role', 'writ_app'));
    -- Issuance is recorded in batches, for many tenants at once: the platform role may add, not read.
    execute format('create policy platform_adds on audit_events for insert to %I with check (true)',
        writ_role('writ.platform_role', 'writ_platform'));
    execute format('grant insert on audit_events to %I', writ_role('writ.platform_role', 'writ_platform'));
end
$$;

-- Partitions have no grants, and row security without a policy: they are reached through their parent,
-- or not at all.
create table audit_events_default partition of audit_events default;
alter table audit_events_default enable row level security;
