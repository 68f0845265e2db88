#!/usr/bin/env bash
# Runs the real-client tests: tests/clients/run.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")"
# The whole workspace's features, as `make test` builds it: what is compiled for the one is there for the other.
(cd ../.. && SQLX_OFFLINE=true cargo build --quiet --workspace --bin writ --example writ_with_documents)
python=$(../../scripts/client-environment.sh python requirements.txt)/bin/python
exec "$python" -m pytest -q "$@"
