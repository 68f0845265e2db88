#!/usr/bin/env bash
# Keeps the walls between the crates without cargo-deny: for every ban in deny.toml that names `wrappers`,
# no other crate of ours may depend on the banned one. Reads deny.toml, so the walls are written once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

broken=0
walls=0
mapfile -t ours < <(sed -nE '/^members = /{s/^[^[]*\[//;s/\].*//;s/[", ]+/\n/g;p}' Cargo.toml | grep .)
declare -A depends
for crate in "${ours[@]}"; do
    depends[$crate]=$(cargo tree --locked --package "$crate" --depth 1 --edges all --prefix none --format '{p}' | tail -n +2 | cut -d' ' -f1)
done
while IFS= read -r line; do
    banned=$(sed -E 's/.*crate = "([^"]+)".*/\1/' <<<"$line")
    allowed=$(sed -E 's/.*wrappers = \[([^]]*)\].*/\1/; s/[", ]+/ /g' <<<"$line")
    walls=$((walls + 1))
    for crate in "${ours[@]}"; do
        [[ " $allowed " == *" $crate "* ]] && continue
        if grep -qx "$banned" <<<"${depends[$crate]}"; then
            echo "$crate depends on $banned, which only [$allowed] may: see deny.toml and docs/architecture.md" >&2
            broken=1
        fi
    done
done < <(grep -E 'crate = "[^"]+".*wrappers = \[' deny.toml)
if ((walls == 0)); then
    echo "deny.toml names no walls: this check no longer reads it" >&2
    exit 1
fi
# A server must not have a way out that is not the guard's: `outbound::operator` is for the command line.
if grep -rlE --include='*.rs' --exclude-dir=target 'outbound::(operator|\{[^}]*operator)' . | grep -v '^./server/src/cli/'; then
    echo "outbound::operator is for server/src/cli alone: see outbound/src/operator.rs" >&2
    broken=1
fi
exit "$broken"
