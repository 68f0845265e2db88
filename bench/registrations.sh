#!/usr/bin/env bash
# Fills the first tenant of a running rig with registrations that nobody uses: registrations.sh <how many>
# By SQL, because the limits of registration are in the way, and rightly so.
set -euo pipefail
cd "$(dirname "$0")"
dev=.work/.writ
PGPASSWORD=$(cat "$dev/database-password")
PGPORT=$(sed -n 4p "$dev/postgres/data/postmaster.pid")
export PGPASSWORD PGPORT
"$(../scripts/postgres-programs.sh)/psql" --host 127.0.0.1 --username writ --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
  --set=count="$1" writ <<'SQL'
begin;
set local role writ_platform;
select tenant_id from tenants where slug = 'bench-0' \gset
commit;
begin;
set local role writ_app;
select set_config('app.tenant_id', :'tenant_id', true) \g /dev/null
insert into clients (tenant_id, client_key, client_id, origin, name, redirect_uris, grant_types, auth_method,
    application_type, is_limited_to_listed_resources, is_enabled, self_description, created_at, updated_at)
select :'tenant_id'::uuid, gen_random_uuid(), 'c_bench_' || number, 'registered', 'Bench', array['http://127.0.0.1/callback'],
    array['authorization_code', 'refresh_token'], 'none', 'native', false, true, '{}', now(), now()
from generate_series(1, :count) as number;
commit;
analyze clients;
SQL
