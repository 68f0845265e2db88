#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL: scripts/with-test-postgres.sh cargo test
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
while IFS= read -r line; do
    export "${line?}"
done < <("$here/test-postgres.sh" $$)
[[ -n ${WRIT_TEST_DATABASE_URL:-} ]] || exit 1
exec "$@"
