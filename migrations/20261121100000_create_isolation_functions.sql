-- The second and third lock of tenant isolation, written once. Every migration that makes a table calls
-- one of these functions, so that no table can forget its policy or its grants.
--
-- The role names come from the settings writ.app_role and writ.platform_role of the migrating
-- connection (`writ migrate` sets them); without them they are writ_app and writ_platform.

create function writ_role(setting text, fallback text) returns text
    language sql stable
    set search_path = pg_catalog
    as $$ select coalesce(nullif(current_setting(setting, true), ''), fallback) $$;

-- A table of tenants' things: the app role sees the rows of app.tenant_id and no others. Without
-- missing_ok, so that a statement outside a tenant's scope is an error and never an empty answer.
create function isolate_tenant_table(isolated regclass) returns void
    language plpgsql
    set search_path = pg_catalog
    as $$
begin
    execute format('alter table %s enable row level security', isolated);
    execute format('alter table %s force row level security', isolated);
    execute format(
        'create policy tenant_isolation on %s using (tenant_id = current_setting(''app.tenant_id'')::uuid)',
        isolated);
    execute format('grant select, insert, update, delete on %s to %I',
        isolated, public.writ_role('writ.app_role', 'writ_app'));
end
$$;

-- A table above tenants: the platform role's alone.
create function open_platform_table(opened regclass) returns void
    language plpgsql
    set search_path = pg_catalog
    as $$
begin
    execute format('grant select, insert, update, delete on %s to %I',
        opened, public.writ_role('writ.platform_role', 'writ_platform'));
end
$$;

-- A queue between the two: written inside a tenant's scope, read across tenants by the platform role.
-- The app role still sees its own tenant's rows only.
create function isolate_shared_table(shared regclass) returns void
    language plpgsql
    set search_path = pg_catalog
    as $$
declare
    app_role      text := public.writ_role('writ.app_role', 'writ_app');
    platform_role text := public.writ_role('writ.platform_role', 'writ_platform');
begin
    execute format('alter table %s enable row level security', shared);
    execute format('alter table %s force row level security', shared);
    execute format(
        'create policy tenant_isolation on %s to %I using (tenant_id = current_setting(''app.tenant_id'')::uuid)',
        shared, app_role);
    execute format('create policy platform_access on %s to %I using (true)', shared, platform_role);
    execute format('grant select, insert, update, delete on %s to %I, %I', shared, app_role, platform_role);
end
$$;

-- Hardened databases take USAGE on the schema from PUBLIC.
do $$
begin
    execute format('grant usage on schema public to %I, %I',
        writ_role('writ.app_role', 'writ_app'), writ_role('writ.platform_role', 'writ_platform'));
end
$$;
