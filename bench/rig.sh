# Sourced by run.sh and tenants.sh: builds a release `writ` and starts it with its PostgreSQL, both on the first core.
# Leaves $port, $admin_port, $key and $pid; the server goes with the script. Not for anything but measuring.
# shellcheck shell=bash
port=${PORT:-9800} admin_port=${ADMIN_PORT:-9801}

(cd .. && cargo build --release --bin writ)
built=$(cd .. && realpath "${CARGO_TARGET_DIR:-target}")/release
rm -rf .work && mkdir -p .work

key=writ-bench-$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
(
  cd .work || exit
  unset DATABASE_URL
  WRIT_LISTEN=127.0.0.1:$port WRIT_ADMIN_LISTEN=127.0.0.1:$admin_port WRIT_PUBLIC_URL=http://localhost:$port \
    WRIT_ADMIN_CALLS_PER_MINUTE=1000000 WRIT_BOOTSTRAP_ADMIN_KEY=$key exec taskset -c 0 "$built/writ" dev >log 2>&1
) &
server=$!
trap 'kill -TERM $server 2>/dev/null; wait $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  curl -fsS "http://127.0.0.1:$admin_port/readyz" >/dev/null 2>&1 && break
  kill -0 $server || { cat .work/log; exit 1; }
  sleep 0.2
done
pid=$(pgrep -P $server -x writ || echo $server)

memory() { # of the server, without its PostgreSQL, in MiB
  awk '/VmRSS/ {print int($2/1024)}' "/proc/$pid/status"
}
psql_as_writ() {
  PGPASSWORD=$(cat .work/.writ/database-password) PGPORT=$(sed -n 4p .work/.writ/postgres/data/postmaster.pid) \
    "$(../scripts/postgres-programs.sh)/psql" --host 127.0.0.1 --username writ --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@" writ
}
