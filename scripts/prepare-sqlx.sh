#!/usr/bin/env bash
# Writes .sqlx anew: the queries of `store`, described by a migrated database. Needs sqlx-cli.
#   scripts/prepare-sqlx.sh [--check]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
if [[ -z ${WRIT_PREPARE_INSIDE:-} ]]; then
    "$here/install-postgres.sh"
    export WRIT_PREPARE_INSIDE=yes
    exec "$here/with-test-postgres.sh" "$0" "$@"
fi
if ! cargo sqlx --version >/dev/null 2>&1; then
    cargo install --locked sqlx-cli --version '^0.9' --no-default-features --features postgres,rustls
fi
# Not `writ migrate`: a query whose text has changed is in no .sqlx yet, so `writ` would not compile. The
# migrations grant rights to these roles, which `writ migrate` makes first.
"$("$here/postgres-programs.sh")/psql" "$DATABASE_URL" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
do $$
declare
    role_name text;
begin
    foreach role_name in array array['writ_app', 'writ_platform'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
    end loop;
end
$$;
SQL
cargo sqlx migrate run --source migrations
# The macros plan every statement, and planning one of a tenant's asks whose it is.
export PGOPTIONS="-c app.tenant_id=00000000-0000-0000-0000-000000000000"
SQLX_OFFLINE=false cargo sqlx prepare --workspace "$@" -- --all-targets
