#!/usr/bin/env bash
# Format, lints, walls and the tests that need no database.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
export SQLX_OFFLINE=${SQLX_OFFLINE:-true}

step() { echo "== $*"; }

step format
cargo fmt --all --check

step lints
cargo clippy --workspace --all-targets --all-features --locked --quiet -- -D warnings

step walls
"$here/check-walls.sh"
if cargo deny --version >/dev/null 2>&1; then
    # Advisories need a database from the network: `cargo deny check advisories` where there is one.
    cargo deny --offline --all-features check --hide-inclusion-graph bans licenses sources
fi

step "file sizes"
"$here/check-sizes.sh"

if command -v shellcheck >/dev/null; then
    step shellcheck
    git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
fi

if cargo fuzz --version >/dev/null 2>&1; then
    step "fuzz targets"
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo clippy --manifest-path fuzz/Cargo.toml --locked --quiet -- -D warnings
fi

step "fast tests"
fast=(--package protocol --package crypto --package outbound --package server --lib)
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --cargo-quiet --status-level fail "${fast[@]}"
else
    cargo test --quiet "${fast[@]}"
fi
