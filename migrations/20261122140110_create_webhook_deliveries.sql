-- Which webhook is to be told, or was told, of which event: an outbox, written in the statement that writes the event.
-- What is said is read from the event when it is sent.
create table webhook_deliveries (
    tenant_id         uuid        not null,
    webhook_id        uuid        not null,
    event_id          uuid        not null,
    occurred_at       timestamptz not null,
    event_type        text        not null check (octet_length(event_type) between 1 and 100),
    state             text        not null check (state in ('pending', 'delivered', 'failed')),
    attempts          integer     not null default 0 check (attempts >= 0),
    -- Of a pending one: when it is tried next. Of another: when it was settled.
    due_at            timestamptz not null,
    last_attempted_at timestamptz,
    -- The last attempt's: an HTTP status, or one word of ours for why there was none.
    last_status       smallint,
    last_error        text        check (octet_length(last_error) <= 100),
    primary key (tenant_id, webhook_id, event_id),
    foreign key (tenant_id, webhook_id) references webhooks (tenant_id, webhook_id)
);
create index webhook_deliveries_pending on webhook_deliveries (tenant_id, webhook_id, due_at) where state = 'pending';
-- The newest first, all of them and those of one state.
create index webhook_deliveries_by_time on webhook_deliveries (tenant_id, webhook_id, occurred_at, event_id);
create index webhook_deliveries_by_state on webhook_deliveries (tenant_id, webhook_id, state, occurred_at, event_id);
create index webhook_deliveries_by_age on webhook_deliveries (tenant_id, state, occurred_at);

select isolate_tenant_table('webhook_deliveries');

-- Tokens that are issued are recorded in batches of many tenants at once: the platform role sees who wants to be told
-- of them, and may add to the outbox, no more. The tenant's policy is for the app role alone: asked as the platform
-- role it would fail for want of a tenant.
do $$
declare
    app_role      text := writ_role('writ.app_role', 'writ_app');
    platform_role text := writ_role('writ.platform_role', 'writ_platform');
begin
    execute format('alter policy tenant_isolation on webhooks to %I', app_role);
    execute format('create policy platform_access on webhooks for select to %I using (true)', platform_role);
    execute format('grant select (tenant_id, webhook_id, event_types, state) on webhooks to %I', platform_role);
    execute format('alter policy tenant_isolation on webhook_deliveries to %I', app_role);
    execute format('create policy platform_adds on webhook_deliveries for insert to %I with check (true)', platform_role);
    execute format('grant insert on webhook_deliveries to %I', platform_role);
end
$$;
