#!/usr/bin/env bash
# Brings what the tests start beside PostgreSQL, redis-server and PgBouncer, to this machine when they are
# not there, and nothing else: no service of the distribution is started, now or at the next boot.
set -euo pipefail
# Where Debian puts PgBouncer, and where only root looks by itself; so do the tests (tests/harness/pooler.rs).
PATH=$PATH:/usr/sbin

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v pgbouncer >/dev/null || missing+=(pgbouncer)
if ((${#missing[@]} == 0)); then
    exit 0
fi

say_what_to_install() {
    echo "The tests need ${missing[*]} (Redis 6, PgBouncer 1.18 or newer), and $1." >&2
    echo "Install them and start again:" >&2
    echo "  Debian, Ubuntu   apt-get install redis-server pgbouncer" >&2
    echo "  Fedora           dnf install valkey-compat-redis pgbouncer" >&2
    echo "  Arch             pacman -S redis pgbouncer" >&2
    echo "  macOS            brew install redis pgbouncer" >&2
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
    for service in "${missing[@]}"; do
        "${as_root[@]}" systemctl disable "$service" >/dev/null 2>&1 || true
    done
fi
if ! command -v redis-server >/dev/null || ! command -v pgbouncer >/dev/null; then
    say_what_to_install "the distribution's packages brought no such programs"
fi
