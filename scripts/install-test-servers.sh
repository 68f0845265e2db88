#!/usr/bin/env bash
# Brings what the tests start beside PostgreSQL to this machine when it is not there: redis-server, PgBouncer, and
# Python for Schemathesis. Nothing else: no service of the distribution is started, now or at the next boot.
set -euo pipefail
# Where Debian puts PgBouncer, and where only root looks by itself; so do the tests (tests/harness/pooler.rs).
PATH=$PATH:/usr/sbin

python_works() { python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; }
missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v pgbouncer >/dev/null || missing+=(pgbouncer)
python_works || missing+=(python3 python3-venv)
if ((${#missing[@]} == 0)); then
    exit 0
fi

say_what_to_install() {
    echo "The tests need ${missing[*]} (Redis 6, PgBouncer 1.18, Python 3.10 or newer), and $1." >&2
    echo "Install them and start again:" >&2
    echo "  Debian, Ubuntu   apt-get install redis-server pgbouncer python3 python3-venv" >&2
    echo "  Fedora           dnf install valkey-compat-redis pgbouncer python3" >&2
    echo "  Arch             pacman -S redis pgbouncer python" >&2
    echo "  macOS            brew install redis pgbouncer python" >&2
    exit 1
}

command -v apt-get >/dev/null || say_what_to_install "this machine has no apt"

as_root=()
if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || say_what_to_install "installing takes root, but there is no sudo"
    # Ask for a password only where somebody can type one.
    if [[ -t 0 ]]; then as_root=(sudo); else as_root=(sudo -n); fi
    "${as_root[@]}" true || say_what_to_install "installing takes root, but sudo refused"
fi
apt() { # says nothing unless it fails
    local log
    log=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -qq "$@" </dev/null 2>&1) ||
        { echo "$log" >&2; return 1; }
}

# Asked by every package that would start a service of its own: not now.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    remove_policy() { "${as_root[@]}" rm -f "$policy"; }
    trap remove_policy EXIT
fi

echo "Installing ${missing[*]} …"
apt update || echo "apt-get update failed; going on with the lists there are" >&2
apt install -y --no-install-recommends "${missing[@]}" || say_what_to_install "apt-get could not install them"
# And not at the next boot.
if command -v systemctl >/dev/null; then
    for service in redis-server pgbouncer; do
        [[ " ${missing[*]} " == *" $service "* ]] || continue
        "${as_root[@]}" systemctl disable "$service" >/dev/null 2>&1 || true
    done
fi
if ! { command -v redis-server >/dev/null && command -v pgbouncer >/dev/null && python_works; }; then
    say_what_to_install "the distribution's packages brought no such programs"
fi
