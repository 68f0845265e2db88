-- Whose personal data is still to be taken out of a tenant's audit. Here until that is done.
create table audit_erasures (
    tenant_id    uuid        not null references tenants,
    user_id      uuid        not null,
    requested_at timestamptz not null,
    primary key (tenant_id, user_id)
);
create index audit_erasures_by_time on audit_erasures (tenant_id, requested_at, user_id);

select isolate_tenant_table('audit_erasures');

-- The one thing that may be done to an event: taking personal data out of it (docs/decisions). That it happened, when,
-- and by whose id, stays. Looks at `most` events of the person after a place, the oldest first; says where it
-- ended, or null when nothing is left, and how many it changed.
--
-- It runs as the owner of the table, whom row security binds to app.tenant_id as it does everybody.
create function erase_from_audit_events(tenant uuid, person uuid, after_at timestamptz, after_id uuid, most integer,
                                        out last_at timestamptz, out last_id uuid, out erased bigint)
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    personal constant text[] := array['username', 'email', 'name', 'phone', 'picture', 'locale', 'login_hint',
                                      'device_requested_from', 'attributes'];
    looked_at bigint;
begin
    with theirs as materialized (
        select occurred_at, event_id from public.audit_events
        where tenant_id = tenant and user_id = person and (occurred_at, event_id) > (after_at, after_id)
        order by occurred_at, event_id limit most),
    changed as (
        update public.audit_events e
        set address = case when e.actor_kind = 'client' or e.actor_kind = 'user' and e.actor_id = person::text then null
                           else e.address end,
            details = case when e.target_kind = 'user'
                then (e.details - personal - array['before', 'after'])
                     || case when e.details ? 'before' then jsonb_build_object('before', '{}'::jsonb) else '{}' end
                     || case when e.details ? 'after' then jsonb_build_object('after', '{}'::jsonb) else '{}' end
                else e.details - personal end || '{"erased": true}'
        from theirs
        where e.tenant_id = tenant and e.occurred_at = theirs.occurred_at and e.event_id = theirs.event_id
          and not e.details ? 'erased'
        returning 1)
    select (select count(*) from theirs), (select count(*) from changed),
           (select occurred_at from theirs order by occurred_at desc, event_id desc limit 1),
           (select event_id from theirs order by occurred_at desc, event_id desc limit 1)
    into looked_at, erased, last_at, last_id;
    if looked_at < most then
        last_at := null;
        last_id := null;
    end if;
end
$$;

do $$
begin
    revoke execute on function erase_from_audit_events(uuid, uuid, timestamptz, uuid, integer) from public;
    execute format('grant execute on function erase_from_audit_events(uuid, uuid, timestamptz, uuid, integer) to %I',
        writ_role('writ.app_role', 'writ_app'));
end
$$;
