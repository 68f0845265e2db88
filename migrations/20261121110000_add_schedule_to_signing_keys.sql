-- What a key signs, and when a next key is due to sign. A tenant whose algorithm is not RS256 keeps an RS256 key
-- for ID tokens (OpenID Connect Core §15.1).
alter table signing_keys
    add column signs       text not null default 'tokens' check (signs in ('tokens', 'id_tokens')),
    -- Of a next key: published for an hour at least before it signs.
    add column activate_at timestamptz check (activate_at >= created_at + interval '1 hour');

-- Start-up and `writ keys` see which key-encryption keys are in use, and how old the oldest key is, without
-- walking the tenants: those columns and no others. The tenant's policy is for the app role alone from here on;
-- asked as the platform role it would fail for want of a tenant.
do $$
declare
    platform_role text := writ_role('writ.platform_role', 'writ_platform');
begin
    execute format('alter policy tenant_isolation on signing_keys to %I', writ_role('writ.app_role', 'writ_app'));
    execute format('create policy platform_access on signing_keys for select to %I using (true)', platform_role);
    execute format('grant select (tenant_id, kid, algorithm, state, kek_id, activated_at) on signing_keys to %I',
        platform_role);
end
$$;

-- Every tenant's keys are looked at once; from then on each piece of work names the next moment.
-- Back-filling runs as the owner, whom the policy binds too.
alter table due_work no force row level security;
insert into due_work (tenant_id, kind, due_at, created_at)
    select tenant_id, 'signing_keys', created_at, created_at from tenants where state <> 'deleted'
    on conflict (tenant_id, kind) do nothing;
alter table due_work force row level security;
