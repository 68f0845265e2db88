#!/usr/bin/env bash
# Brings PostgreSQL's server programs to this machine when there are none, and nothing else: no cluster
# of the distribution is made, started or changed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if "$here/postgres-programs.sh" >/dev/null 2>&1; then
    exit 0
fi

say_what_to_install() {
    echo "PostgreSQL's server programs (15 or newer) are needed, and $1." >&2
    echo "Install them and start again:" >&2
    echo "  Debian, Ubuntu   apt-get install postgresql" >&2
    echo "  Fedora           dnf install postgresql-server" >&2
    echo "  Arch             pacman -S postgresql" >&2
    echo "  macOS            brew install postgresql@17" >&2
    echo "Or set DATABASE_URL to a database of yours (\`make run\` only)." >&2
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

echo "Installing PostgreSQL's server package …"
apt update || echo "apt-get update failed; going on with the lists there are" >&2
# First the package that makes clusters, so that it can be told not to make one.
apt install -y --no-install-recommends postgresql-common
no_cluster=/etc/postgresql-common/createcluster.d/writ-install.conf
"${as_root[@]}" mkdir -p "$(dirname "$no_cluster")"
echo "create_main_cluster = false" | "${as_root[@]}" tee "$no_cluster" >/dev/null
remove_setting() { "${as_root[@]}" rm -f "$no_cluster"; }
trap remove_setting EXIT
apt install -y --no-install-recommends postgresql

"$here/postgres-programs.sh" >/dev/null || say_what_to_install "the distribution's package is older"
