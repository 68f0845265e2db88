#!/usr/bin/env bash
# One decision by itself: 20 scopes against 100 policies, and how long it takes to compile them. No server, no database.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --release --quiet --package authority --features measure --lib policies_per_request -- --nocapture | grep -E 'scopes|compiling'
