#!/usr/bin/env bash
# The load rig: see README.md. Usage: bench/run.sh [row ...]
set -euo pipefail
cd "$(dirname "$0")"
rows=("$@")
[ ${#rows[@]} -gt 0 ] || rows=(discovery jwks client_credentials introspect refresh register)
tenants=${TENANTS:-1000} clients=${CLIENTS:-10} seconds=${SECONDS_PER_RUN:-6} rounds=${ROUNDS:-3}
port=${PORT:-9800} admin_port=${ADMIN_PORT:-9801}

command -v wrk >/dev/null || { echo "bench: wrk is missing; install the package wrk" >&2; exit 1; }
(cd .. && cargo build --release --bin writ)
rm -rf .work && mkdir -p .work

key=writ-bench-$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
(
  cd .work
  unset DATABASE_URL
  WRIT_LISTEN=127.0.0.1:$port WRIT_ADMIN_LISTEN=127.0.0.1:$admin_port WRIT_PUBLIC_URL=http://localhost:$port \
    WRIT_BOOTSTRAP_ADMIN_KEY=$key exec taskset -c 0 ../../target/release/writ dev >log 2>&1
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
python3 seed.py "http://localhost:$port" "http://127.0.0.1:$admin_port" "$key" "$tenants" "$clients" "$rounds"

printf '%-20s %12s %10s %8s\n' row "req/s" "p99 ms" errors
for row in "${rows[@]}"; do
  connections=16
  for round in $(seq "$rounds"); do
    ROUND=$round taskset -c 1 wrk -t1 -c$connections -d"${seconds}s" -s "load/$row.lua" "http://localhost:$port" | grep '^rate='
  done | sort -t= -k2 -n | sed -n "$((rounds / 2 + 1))p" |
    sed 's/rate=\([0-9]*\) p99_ms=\([0-9.]*\) errors=\([0-9]*\)/\1 \2 \3/' |
    { read -r rate p99 errors; printf '%-20s %12s %10s %8s\n' "$row" "$rate" "$p99" "$errors"; }
done
echo "memory after load: $(awk '/VmRSS/ {print int($2/1024)}' "/proc/$pid/status") MiB"
