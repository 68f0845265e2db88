-- Where a tenant wants to be told of what happens in it. The secret is sealed, not digested: each message is signed
-- with it. A deleted one stays until its deliveries are gone, so that no deletion is long.
create table webhooks (
    tenant_id               uuid        not null references tenants,
    webhook_id              uuid        not null,
    name                    text        not null check (octet_length(name) <= 1024),
    url                     text        not null check (octet_length(url) <= 2048),
    -- `*`, `thing.*` or `thing.happened`.
    event_types             text[]      not null check (cardinality(event_types) between 1 and 100),
    -- `paused`: by Writ, after long failure.
    state                   text        not null check (state in ('active', 'disabled', 'paused', 'deleted')),
    sealed_secret           bytea       not null,
    kek_id                  text        not null,
    -- Signs beside the new one until it ends.
    sealed_previous_secret  bytea,
    previous_secret_ends_at timestamptz,
    -- Of the first attempt that failed since the last one that did not.
    failing_since           timestamptz,
    -- While it fails: when one delivery is tried, to see whether it is back.
    rests_until             timestamptz,
    last_delivered_at       timestamptz,
    paused_reason           text        check (octet_length(paused_reason) <= 100),
    created_at              timestamptz not null,
    updated_at              timestamptz not null,
    primary key (tenant_id, webhook_id),
    check ((failing_since is null) = (rests_until is null)),
    check ((sealed_previous_secret is null) = (previous_secret_ends_at is null)),
    check ((state = 'paused') = (paused_reason is not null))
);
-- Asked with every event: of most tenants there is no row in it.
create index webhooks_active on webhooks (tenant_id, webhook_id) where state = 'active';
-- Files and people name them by it.
create unique index webhooks_by_name on webhooks (tenant_id, name) where state <> 'deleted';
create index webhooks_deleted on webhooks (tenant_id, webhook_id) where state = 'deleted';

select isolate_tenant_table('webhooks');
