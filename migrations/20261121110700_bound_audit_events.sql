-- Audit events are kept as long as the operator says, and no longer.

-- The months' partitions that lie wholly before `first_kept`.
create function old_audit_partitions(first_kept timestamptz) returns table (name text)
    language sql stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    as $$
        select child.relname::text
        from pg_inherits
        join pg_class child on child.oid = inhrelid
        where inhparent = 'public.audit_events'::regclass
          and child.relname ~ '^audit_events_\d{4}_\d{2}$'
          and to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month' <= first_kept
    $$;

-- As before, one replica at a time, and without holding up who writes events: a month is dropped with its
-- parent locked, so a wait for that lock is short and the next round tries again.
create or replace function drop_audit_partitions(first_kept timestamptz) returns integer
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '1s'
    as $$
declare
    partition text;
    dropped   integer := 0;
begin
    if not exists (select from public.old_audit_partitions(first_kept)) then
        return 0;
    end if;
    lock table public.audit_events in access exclusive mode;
    -- Looked up again: another replica may have been here first.
    for partition in select name from public.old_audit_partitions(first_kept) loop
        execute format('drop table public.%I', partition);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

-- What is in no month's partition (events of a month that nobody made one for) and what was done above
-- tenants: removed row by row, `most` at a time. Says how many.
create function remove_audit_events(first_kept timestamptz, most integer) returns bigint
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    strays          bigint;
    of_the_platform bigint;
begin
    delete from public.audit_events_default where ctid = any (array(
        select ctid from public.audit_events_default
        where occurred_at < first_kept limit most for update skip locked));
    get diagnostics strays = row_count;
    delete from public.platform_audit_events where ctid = any (array(
        select ctid from public.platform_audit_events
        where occurred_at < first_kept order by occurred_at limit most for update skip locked));
    get diagnostics of_the_platform = row_count;
    return strays + of_the_platform;
end
$$;

do $$
begin
    revoke execute on function old_audit_partitions(timestamptz), remove_audit_events(timestamptz, integer)
        from public;
    execute format('grant execute on function remove_audit_events(timestamptz, integer) to %I',
        writ_role('writ.platform_role', 'writ_platform'));
end
$$;
