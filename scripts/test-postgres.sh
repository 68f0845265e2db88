#!/usr/bin/env bash
# Starts a throw-away PostgreSQL for tests and prints its variables, one NAME=value a line.
#
#   scripts/test-postgres.sh PID     stops the server and removes its files when the process PID has ended
#
# Fast rather than durable; a free port of loopback; never the distribution's cluster. When
# WRIT_TEST_DATABASE_URL is set already, that server is used and nothing is started.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [[ ${1:-} == --clean-up-after ]]; then
    watched=$2 folder=$3
    shift 3
    while kill -0 "$watched" 2>/dev/null; do sleep 1; done
    (cd / && "$@" stop --mode=immediate --silent --pgdata "$folder/data")
    rm -rf "$folder"
    exit
fi
watched=${1:?usage: scripts/test-postgres.sh PID}

if [[ -n ${WRIT_TEST_DATABASE_URL:-} ]]; then
    echo "WRIT_TEST_DATABASE_URL=$WRIT_TEST_DATABASE_URL"
    echo "DATABASE_URL=$WRIT_TEST_DATABASE_URL"
    [[ -z ${WRIT_TEST_SUPERUSER_URL:-} ]] || echo "WRIT_TEST_SUPERUSER_URL=$WRIT_TEST_SUPERUSER_URL"
    exit 0
fi

programs=$("$here/postgres-programs.sh")
# Not $TMPDIR: the path of a socket may have about a hundred characters.
folder=$(mktemp -d /tmp/writ-test-postgres.XXXXXX)
data=$folder/data

# PostgreSQL refuses to run as root.
as_user=()
if [[ $(id -u) == 0 ]]; then
    user=nobody
    if id -u postgres >/dev/null 2>&1; then user=postgres; fi
    chown "$user:" "$folder"
    if command -v setpriv >/dev/null; then
        as_user=(setpriv "--reuid=$user" "--regid=$user" --init-groups --)
        # The group of `nobody` has another name.
        [[ $user == postgres ]] || as_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --)
    else
        as_user=(runuser -u "$user" --)
    fi
fi
quietly() { # keeps nothing of ours open: who reads our output must see its end
    (cd / && env -u PGHOST -u PGPORT -u PGUSER -u PGDATA "${as_user[@]}" "$@") </dev/null >>"$folder/output" 2>&1
}
fail() {
    echo "The throw-away PostgreSQL did not start:" >&2
    tail -n 20 "$folder/output" "$folder/log" >&2 2>/dev/null || true
    rm -rf "$folder"
    exit 1
}

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
install -m 600 /dev/null "$folder/password"
echo "$password" >"$folder/password"
if [[ ${#as_user[@]} -gt 0 ]]; then chown "$user:" "$folder/password"; fi

# A connection's password costs 4,096 rounds of SHA-256 by default: too much for thousands of them.
# PostgreSQL 16 can do with one round; before, MD5 is the cheap way. Nothing here outlives the run.
version=$("$programs/postgres" --version | sed -E 's/^.*\) ([0-9]+).*$/\1/')
if ((version >= 16)); then
    authentication=(--auth=scram-sha-256 -c scram_iterations=1)
else
    authentication=(--auth=md5)
fi
quietly "$programs/initdb" --pgdata "$data" --username=postgres --encoding=UTF8 --no-locale --no-sync \
    --pwfile "$folder/password" "${authentication[@]}" || fail
cat >>"$data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 300
shared_buffers = 256MB
max_locks_per_transaction = 128
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
SETTINGS

# Below the ports that the kernel hands out by itself, so that no test's connection sits on it.
started=""
for _ in 1 2 3 4 5 6 7 8; do
    port=$((15000 + RANDOM % 15000))
    if quietly "$programs/pg_ctl" start --wait --timeout=60 --silent --pgdata "$data" \
        --log "$folder/log" --options "-p $port"; then
        started=yes
        break
    fi
done
[[ -n $started ]] || fail

# As in production: a role that owns its database and may make roles, but is no superuser.
quietly env PGPASSWORD="$password" "$programs/psql" --host=127.0.0.1 --port="$port" --username=postgres --dbname=postgres \
    --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --command="create role writ login createrole createdb password '$password'" \
    --command="create database writ owner writ" || fail

# In a session of its own: the Ctrl-C that ends the tests must not end who cleans up after them.
new_session=(nohup)
if command -v setsid >/dev/null; then new_session=(setsid); fi
"${new_session[@]}" "$here/test-postgres.sh" --clean-up-after "$watched" "$folder" \
    "${as_user[@]}" "$programs/pg_ctl" </dev/null >/dev/null 2>&1 &

echo "WRIT_TEST_DATABASE_URL=postgres://writ:$password@127.0.0.1:$port/writ"
echo "WRIT_TEST_SUPERUSER_URL=postgres://postgres:$password@127.0.0.1:$port/postgres"
echo "DATABASE_URL=postgres://writ:$password@127.0.0.1:$port/writ"
