-- A table above tenants whose rows may be one tenant's: the platform role sees all of it, the app role the rows of
-- app.tenant_id and never those of the platform itself (a null is nobody's).
create function open_table_to_its_tenants(opened regclass) returns void
    language plpgsql
    set search_path = pg_catalog
    as $$
declare
    app_role      text := public.writ_role('writ.app_role', 'writ_app');
    platform_role text := public.writ_role('writ.platform_role', 'writ_platform');
begin
    execute format('alter table %s enable row level security', opened);
    execute format('alter table %s force row level security', opened);
    execute format(
        'create policy tenant_isolation on %s to %I using (tenant_id = current_setting(''app.tenant_id'')::uuid)',
        opened, app_role);
    execute format('create policy platform_access on %s to %I using (true)', opened, platform_role);
    execute format('grant select, insert, update, delete on %s to %I, %I', opened, app_role, platform_role);
end
$$;

-- A tenant's administrators make and end its keys.
select open_table_to_its_tenants('admin_keys');
do $$
begin
    execute format('revoke delete on admin_keys from %I', writ_role('writ.app_role', 'writ_app'));
end
$$;
