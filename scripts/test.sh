#!/usr/bin/env bash
# Runs every test of the workspace; with nextest where it is installed, else with `cargo test`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
"$here/install-postgres.sh"
"$here/install-test-servers.sh"
# Before the first test, so that no test's time goes into it. Without a package registry all the others still run.
"$here/client-environment.sh" python tests/admin_schema/requirements.txt >/dev/null ||
    echo "Schemathesis could not be installed: the tests called admin_schema will fail" >&2
export SQLX_OFFLINE=${SQLX_OFFLINE:-true}
if cargo nextest --version >/dev/null 2>&1; then
    exec cargo nextest run --workspace "$@"
fi
echo "cargo-nextest is not installed; running \`cargo test\` (\`cargo install --locked cargo-nextest\` makes this faster)."
exec "$here/with-test-postgres.sh" cargo test --workspace --no-fail-fast "$@"
