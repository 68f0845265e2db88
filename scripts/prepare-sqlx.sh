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
# The migrator makes the roles first, which `sqlx migrate run` alone would not.
SQLX_OFFLINE=true cargo run --quiet --package server --bin writ -- migrate
# The macros plan every statement, and planning one of a tenant's asks whose it is.
export PGOPTIONS="-c app.tenant_id=00000000-0000-0000-0000-000000000000"
SQLX_OFFLINE=false cargo sqlx prepare --workspace "$@" -- --all-targets
