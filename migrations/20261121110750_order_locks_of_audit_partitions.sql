-- A month that is made while tenants are created: nobody waits in a circle.
create or replace function ensure_audit_partition(month timestamptz) returns boolean
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '1s'
    as $$
declare
    first_moment timestamptz := date_trunc('month', month);
    last_moment  timestamptz := date_trunc('month', month) + interval '1 month';
    partition    text        := 'audit_events_' || to_char(first_moment, 'YYYY_MM');
begin
    if to_regclass('public.' || quote_ident(partition)) is not null then
        return false;
    end if;
    -- Attaching takes this lock for the foreign key. First, as everybody else has it who then adds an event: a
    -- tenant that is being created would wait in a circle with its own event.
    lock table public.tenants in share row exclusive mode;
    -- The parent, not the default partition: an insert that waits there has chosen its partition already,
    -- and would be refused once its month stands. Once a month, and not for long.
    lock table public.audit_events in access exclusive mode;
    -- Replicas run this at the same hour.
    if to_regclass('public.' || quote_ident(partition)) is not null then
        return false;
    end if;
    execute format('create table public.%I (like public.audit_events including defaults including constraints)',
        partition);
    execute format('alter table public.%I enable row level security', partition);
    execute format(
        'with moved as (delete from public.audit_events_default where occurred_at >= %L and occurred_at < %L
                        returning *)
         insert into public.%I select * from moved', first_moment, last_moment, partition);
    execute format('alter table public.audit_events attach partition public.%I for values from (%L) to (%L)',
        partition, first_moment, last_moment);
    return true;
end
$$;
