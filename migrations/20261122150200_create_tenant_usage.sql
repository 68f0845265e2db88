-- How many of everything a tenant has, and how many it may have. Nobody counts rows for that: triggers keep the
-- numbers, so that no way to a new row can pass them by, and so that a cascade is counted too.

-- What the platform allows. No row: as many as they like.
create table tenant_quotas (
    tenant_id  uuid        not null references tenants,
    kind       text collate "C" not null check (kind in ('users', 'clients', 'resources', 'sessions')),
    maximum    integer     not null check (maximum >= 0),
    updated_at timestamptz not null,
    primary key (tenant_id, kind)
);
select isolate_shared_table('tenant_quotas');

-- What there is. In slots, one for each of a few connections, so that those who sign in at once do not wait for one
-- another; the sum counts. `users:…` are the people whose password's hash is of that scheme.
create table tenant_usage (
    tenant_id uuid     not null references tenants,
    kind      text collate "C" not null check (octet_length(kind) between 1 and 100),
    slot      smallint not null,
    used      bigint   not null,
    primary key (tenant_id, kind, slot)
);
select isolate_tenant_table('tenant_usage');

-- Refuses what goes beyond: a check violation of the constraint `<kind>_quota`.
create function refuse_beyond_quota(of_tenant uuid, of_kind text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
declare
    most integer;
    has  bigint;
begin
    select maximum into most from public.tenant_quotas where tenant_id = of_tenant and kind = of_kind;
    if most is null then
        return;
    end if;
    select sum(used) into has from public.tenant_usage where tenant_id = of_tenant and kind = of_kind;
    -- Near the end they go one after the other, and each sees what the one before has made. It is the last lock
    -- that anybody takes but the audit's.
    if has > most - 256 then
        insert into public.tenant_usage (tenant_id, kind, slot, used) values (of_tenant, of_kind, -1, 0)
        on conflict (tenant_id, kind, slot) do update set used = 0;
        select sum(used) into has from public.tenant_usage where tenant_id = of_tenant and kind = of_kind;
    end if;
    if has > most then
        raise exception 'the tenant may have % %', most, of_kind
            using errcode = 'check_violation', constraint = of_kind || '_quota';
    end if;
end
$$;

create function add_to_usage(of_tenant uuid, of_kind text, difference bigint) returns void
    language sql
    set search_path = pg_catalog, pg_temp
    as $$
        insert into public.tenant_usage as present (tenant_id, kind, slot, used)
        values (of_tenant, of_kind, pg_backend_pid() % 16, difference)
        on conflict (tenant_id, kind, slot) do update set used = present.used + excluded.used
    $$;

-- The rows that a statement made or removed; its argument says what they are.
create function count_rows() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
declare
    counted record;
begin
    for counted in
        select tenant_id, count(*) as rows from changed group by tenant_id order by tenant_id
    loop
        if tg_op = 'INSERT' then
            perform public.add_to_usage(counted.tenant_id, tg_argv[0], counted.rows);
            perform public.refuse_beyond_quota(counted.tenant_id, tg_argv[0]);
        else
            perform public.add_to_usage(counted.tenant_id, tg_argv[0], -counted.rows);
        end if;
    end loop;
    return null;
end
$$;

-- The same for the schemes of foreign password hashes.
create function count_password_schemes() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
declare
    counted record;
begin
    if tg_op = 'UPDATE' then
        for counted in
            select tenant_id, 'users:' || password_scheme as scheme, sum(one) as difference
            from (select tenant_id, password_scheme, 1 as one from made
                  union all
                  select tenant_id, password_scheme, -1 from gone) as both_sides
            where password_scheme is not null
            group by tenant_id, password_scheme having sum(one) <> 0 order by tenant_id, password_scheme
        loop
            perform public.add_to_usage(counted.tenant_id, counted.scheme, counted.difference);
        end loop;
        return null;
    end if;
    for counted in
        select tenant_id, 'users:' || password_scheme as scheme,
               case tg_op when 'INSERT' then count(*) else -count(*) end as difference
        from changed where password_scheme is not null
        group by tenant_id, password_scheme order by tenant_id, password_scheme
    loop
        perform public.add_to_usage(counted.tenant_id, counted.scheme, counted.difference);
    end loop;
    return null;
end
$$;

create trigger count_made after insert on users referencing new table as changed
    for each statement execute function count_rows('users');
create trigger count_gone after delete on users referencing old table as changed
    for each statement execute function count_rows('users');
create trigger count_made after insert on clients referencing new table as changed
    for each statement execute function count_rows('clients');
create trigger count_gone after delete on clients referencing old table as changed
    for each statement execute function count_rows('clients');
create trigger count_made after insert on resources referencing new table as changed
    for each statement execute function count_rows('resources');
create trigger count_gone after delete on resources referencing old table as changed
    for each statement execute function count_rows('resources');
create trigger count_made after insert on browser_sessions referencing new table as changed
    for each statement execute function count_rows('sessions');
create trigger count_gone after delete on browser_sessions referencing old table as changed
    for each statement execute function count_rows('sessions');

create trigger count_schemes_made after insert on users referencing new table as changed
    for each statement execute function count_password_schemes();
create trigger count_schemes_gone after delete on users referencing old table as changed
    for each statement execute function count_password_schemes();
create trigger count_schemes_changed after update on users referencing old table as gone new table as made
    for each statement execute function count_password_schemes();

-- What is there already. Nobody reads or writes these tables until this is committed: row security is changed under a
-- lock against both, since the owner is bound by it as everybody is, unless it is told otherwise.
alter table users no force row level security;
alter table clients no force row level security;
alter table resources no force row level security;
alter table browser_sessions no force row level security;
alter table tenant_usage no force row level security;
insert into tenant_usage (tenant_id, kind, slot, used)
select tenant_id, 'users', 0, count(*) from users group by tenant_id
union all
select tenant_id, 'clients', 0, count(*) from clients group by tenant_id
union all
select tenant_id, 'resources', 0, count(*) from resources group by tenant_id
union all
select tenant_id, 'sessions', 0, count(*) from browser_sessions group by tenant_id;
alter table users force row level security;
alter table clients force row level security;
alter table resources force row level security;
alter table browser_sessions force row level security;
alter table tenant_usage force row level security;

-- Only the platform says how many there may be. Removed with the tenant, which is done in its own scope.
do $$
begin
    execute format('revoke insert, update on tenant_quotas from %I', writ_role('writ.app_role', 'writ_app'));
end
$$;
