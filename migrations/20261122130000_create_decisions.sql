-- Why somebody was refused, got less than was asked, or (a sample) got it: what a request's error_id leads to, and what
-- a draft of the policies is tried on. Removed after thirty days, and beyond ten thousand of a tenant.
create table decisions (
    tenant_id      uuid        not null references tenants,
    -- Ordered by time.
    decision_id    uuid        not null,
    -- The request's: one request may take several decisions.
    error_id       text        not null check (octet_length(error_id) between 1 and 200),
    decided_at     timestamptz not null,
    action         text        not null check (action in ('authorize', 'issue', 'exchange', 'register')),
    outcome        text        not null check (outcome in ('allowed', 'narrowed', 'denied', 'stronger_sign_in', 'refused')),
    -- Not references: what was decided about somebody who is gone was decided all the same.
    user_id        uuid,
    client_id      text        not null check (octet_length(client_id) between 1 and 2048),
    -- Null: the policies that every tenant begins with.
    policy_version bigint,
    -- What it was decided from and what each check said; no secrets.
    inputs         jsonb       not null check (jsonb_typeof(inputs) = 'object'),
    checks         jsonb       not null check (jsonb_typeof(checks) = 'array'),
    primary key (tenant_id, decision_id)
);
create index decisions_by_error_id on decisions (tenant_id, error_id);
-- By a rule of OAuth, before any policy was asked: they have their own room.
create index decisions_by_rules on decisions (tenant_id, decision_id) where outcome = 'refused';
create index decisions_by_age on decisions (tenant_id, decided_at);
create index decisions_of_a_user on decisions (tenant_id, user_id) where user_id is not null;

select isolate_tenant_table('decisions');
do $$
begin
    -- They are written in batches, for many tenants at once: the platform role may add, not read.
    execute format('create policy platform_adds on decisions for insert to %I with check (true)',
        writ_role('writ.platform_role', 'writ_platform'));
    execute format('grant insert on decisions to %I', writ_role('writ.platform_role', 'writ_platform'));
end
$$;
