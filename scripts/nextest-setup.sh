#!/usr/bin/env bash
# nextest runs this once before the tests; the server goes when nextest, our parent, has ended.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/test-postgres.sh" "$PPID" >>"$NEXTEST_ENV"
