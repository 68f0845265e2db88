-- Makes and drops the monthly partitions of audit_events. They belong to the tables' owner; the platform
-- role, which the server's jobs run as, may do this and nothing else to them.

-- Makes the partition that holds `month` unless it stands; rows that came before it move in.
create function ensure_audit_partition(month timestamptz) returns boolean
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

-- Drops the partitions that lie wholly before `first_kept`; says how many.
create function drop_audit_partitions(first_kept timestamptz) returns integer
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    as $$
declare
    partition text;
    dropped   integer := 0;
begin
    for partition in
        select child.relname
        from pg_inherits
        join pg_class child on child.oid = inhrelid
        where inhparent = 'public.audit_events'::regclass
          and child.relname ~ '^audit_events_\d{4}_\d{2}$'
          and to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month' <= first_kept
    loop
        execute format('drop table public.%I', partition);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

do $$
begin
    revoke execute on function ensure_audit_partition(timestamptz), drop_audit_partitions(timestamptz) from public;
    execute format('grant execute on function ensure_audit_partition(timestamptz), drop_audit_partitions(timestamptz) to %I',
        writ_role('writ.platform_role', 'writ_platform'));
end
$$;
