#!/usr/bin/env bash
# Runs every fuzz target for a while: scripts/fuzz.sh [target…]; FUZZ_SECONDS each, 60 unless set.
# The toolchain is the usual one: without a sanitizer no nightly is needed, and there is no unsafe code to watch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is not installed; run: cargo install cargo-fuzz --locked" >&2
    exit 1
fi
targets=("$@")
if ((${#targets[@]} == 0)); then
    mapfile -t targets < <(cargo fuzz list)
fi
for target in "${targets[@]}"; do
    echo "== $target"
    mkdir -p "fuzz/corpus/$target"
    # What is found is kept in fuzz/corpus, which is not checked in; what it starts from is fuzz/seeds.
    cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=10 -print_final_stats=1
done
