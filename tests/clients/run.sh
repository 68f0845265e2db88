#!/usr/bin/env bash
# Runs the real-client tests: tests/clients/run.sh [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")"
(cd ../.. && SQLX_OFFLINE=true cargo build --quiet --package server --bin writ)
mkdir -p .work
[ -x .work/venv/bin/python ] || python3 -m venv .work/venv
.work/venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
(cd typescript && npm install --no-audit --no-fund --silent)
exec .work/venv/bin/python -m pytest -q "$@"
