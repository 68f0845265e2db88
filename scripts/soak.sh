#!/usr/bin/env bash
# The long runs, with an optimised build (docs/reliability.md):
#   scripts/soak.sh             all of them
#   scripts/soak.sh FILTER…     those whose names contain a word: races, torture, latency
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
"$here/install-postgres.sh"
"$here/install-test-servers.sh"
export SQLX_OFFLINE=${SQLX_OFFLINE:-true}
export WRIT_TEST_RACES=${WRIT_TEST_RACES:-10000}
export WRIT_TEST_TORTURE_OPERATIONS=${WRIT_TEST_TORTURE_OPERATIONS:-1000000}
export WRIT_TEST_TORTURE_KILLS=${WRIT_TEST_TORTURE_KILLS:-100}
export WRIT_TEST_TORTURE_PAUSE=${WRIT_TEST_TORTURE_PAUSE:-4000}

tests=(races::thousands freshness::latency torture::honest_clients)
if (($# > 0)); then
    chosen=()
    for name in "${tests[@]}"; do
        for word in "$@"; do [[ $name != *"$word"* ]] || chosen+=("$name"); done
    done
    tests=("${chosen[@]}")
fi
if ((${#tests[@]} == 0)); then
    echo "nothing is called $*: races, latency or torture" >&2
    exit 1
fi

cargo build --profile soak --package server --bin writ
# One after the other: each has the machine to itself.
exec "$here/with-test-postgres.sh" cargo test --profile soak --package tests --test tests -- \
    --nocapture --test-threads 1 "${tests[@]}"
