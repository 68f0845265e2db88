#!/usr/bin/env bash
# The load rig: see README.md. Usage: bench/run.sh [row ...]
set -euo pipefail
cd "$(dirname "$0")"
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(discovery jwks client_credentials{,:ES256,:EdDSA} introspect refresh{,:ES256,:EdDSA} register)
registrations=${REGISTRATIONS:-100000}
tenants=${TENANTS:-1000} clients=${CLIENTS:-10} seconds=${SECONDS_PER_RUN:-6} rounds=${ROUNDS:-3}
port=${PORT:-9800} admin_port=${ADMIN_PORT:-9801}

command -v wrk >/dev/null || { echo "bench: wrk is missing; install the package wrk" >&2; exit 1; }
(cd .. && cargo build --release --bin writ)
built=$(cd .. && realpath "${CARGO_TARGET_DIR:-target}")/release
rm -rf .work && mkdir -p .work

key=writ-bench-$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
(
  cd .work
  unset DATABASE_URL
  WRIT_LISTEN=127.0.0.1:$port WRIT_ADMIN_LISTEN=127.0.0.1:$admin_port WRIT_PUBLIC_URL=http://localhost:$port \
    WRIT_BOOTSTRAP_ADMIN_KEY=$key exec taskset -c 0 "$built/writ" dev >log 2>&1
) &
server=$!
trap 'kill -TERM $server 2>/dev/null; wait $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  curl -fsS "http://127.0.0.1:$admin_port/readyz" >/dev/null 2>&1 && break
  kill -0 $server || { cat .work/log; exit 1; }
  sleep 0.2
done

pid=$(pgrep -P $server -x writ || echo $server)
echo "memory idle: $(awk '/VmRSS/ {print int($2/1024)}' "/proc/$pid/status") MiB"
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
echo "memory after load: $(awk '/VmRSS/ {print int($2/1024)}' "/proc/$pid/status") MiB"
