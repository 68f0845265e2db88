#!/usr/bin/env bash
# The load rig: see README.md. Usage: bench/run.sh [row ...]
set -euo pipefail
cd "$(dirname "$0")"
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(discovery jwks client_credentials{,:ES256,:EdDSA} introspect refresh{,:ES256,:EdDSA} register)
registrations=${REGISTRATIONS:-100000}
tenants=${TENANTS:-1000} clients=${CLIENTS:-10} seconds=${SECONDS_PER_RUN:-6} rounds=${ROUNDS:-3}

command -v wrk >/dev/null || { echo "bench: wrk is missing; install the package wrk" >&2; exit 1; }
# shellcheck source=bench/rig.sh
. ./rig.sh

echo "memory idle: $(memory) MiB"
echo "filling $tenants tenants with $clients clients each"
# Each round of refreshes has families of its own, and so has each round of the same row over again.
family_rounds=$rounds
[[ ${rows[*]} != *@registered* ]] || family_rounds=$((2 * rounds))
python3 seed.py "http://localhost:$port" "http://127.0.0.1:$admin_port" "$key" "$tenants" "$clients" "$family_rounds"

printf '%-30s %12s %10s %8s\n' row "req/s" "p99 ms" errors
filled=
for row in "${rows[@]}"; do
  connections=16 script=$row first_round=0 algorithm=
  # `refresh:ES256`: the same row in tenants that sign with it.
  if [[ $row == *:* ]]; then
    script=${row%:*} algorithm=${row#*:}
  fi
  # `refresh@registered`: the same row with a tenant full of registrations that nobody uses.
  if [[ $row == *@registered ]]; then
    script=${row%@registered} first_round=$rounds
    [ -n "$filled" ] || ./registrations.sh "$registrations"
    filled=yes
  fi
  for round in $(seq "$rounds"); do
    ALGORITHM=$algorithm ROUND=$((first_round + round)) taskset -c 1 wrk -t1 -c$connections -d"${seconds}s" -s "load/$script.lua" "http://localhost:$port" | grep '^rate='
  done | sort -t= -k2 -n | sed -n "$((rounds / 2 + 1))p" |
    sed 's/rate=\([0-9]*\) p99_ms=\([0-9.]*\) errors=\([0-9]*\)/\1 \2 \3/' |
    { read -r rate p99 errors; printf '%-30s %12s %10s %8s\n' "$row" "$rate" "$p99" "$errors"; }
done
echo "memory after load: $(memory) MiB"
