#!/usr/bin/env bash
# The rig with very many tenants: see README.md. Usage: bench/tenants.sh   (TENANTS=10000 CLIENTS=100)
set -euo pipefail
cd "$(dirname "$0")"
tenants=${TENANTS:-10000} clients=${CLIENTS:-100}
# shellcheck source=bench/rig.sh
. ./rig.sh

echo "memory idle: $(memory) MiB"
measure() { taskset -c 1 python3 tenants.py "http://localhost:$port" "http://127.0.0.1:$admin_port" "$key" "$@"; }
measure create "before the others"
echo "filling $tenants tenants with $clients clients each"
measure fill "$tenants"
# By SQL: a million calls would only measure themselves.
began=$SECONDS
psql_as_writ --set=clients="$clients" <<'SQL'
begin;
set local role writ_platform;
select array_agg(tenant_id)::text as tenants from tenants where slug like 'many-%' \gset
commit;
select set_config('bench.tenants', :'tenants', false), set_config('bench.clients', :'clients', false) \g /dev/null
set role writ_app;
do $$
declare
    tenant uuid;
begin
    foreach tenant in array current_setting('bench.tenants')::uuid[] loop
        perform set_config('app.tenant_id', tenant::text, true);
        insert into clients (tenant_id, client_key, client_id, origin, name, redirect_uris, grant_types, auth_method,
            application_type, is_limited_to_listed_resources, is_enabled, self_description, created_at, updated_at)
        select tenant, gen_random_uuid(), 'c_bench_' || number, 'static', 'Bench ' || number, array['http://127.0.0.1/callback'],
            array['authorization_code', 'refresh_token'], 'none', 'native', false, true, '{}', now(), now()
        from generate_series(1, current_setting('bench.clients')::int) as number;
    end loop;
end
$$;
reset role;
vacuum analyze clients;
vacuum analyze tenants;
SQL
echo "clients filled in $((SECONDS - began)) s"
echo "memory when filled: $(memory) MiB"
measure create "beside $tenants others"
measure lists
echo "memory after the lists: $(memory) MiB"
measure discover "$tenants"
echo "memory after every tenant was asked for: $(memory) MiB"
