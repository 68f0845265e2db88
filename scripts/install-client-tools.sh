#!/usr/bin/env bash
# Brings what `make clients` needs: Python with venv, Node with npm, Chromium. On Debian and Ubuntu by
# apt; elsewhere it says what to install. Then every client of others that the tests drive, in the
# versions that their lists name (client-environment.sh).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
python_works() { python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
node_works() { command -v npm >/dev/null && [[ $(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/') -ge 18 ]]; }
chromium_works() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
python_works || missing+=(python3 python3-venv)
node_works || missing+=(nodejs npm)
chromium_works || missing+=(chromium)

say_what_to_install() {
    echo "The real-client tests need ${missing[*]} (Python 3.11, Node 18, Chromium or newer), and $1." >&2
    echo "Install them and start again; on Debian: apt-get install ${missing[*]}" >&2
    exit 1
}
install_missing() {
    command -v apt-get >/dev/null || say_what_to_install "this machine has no apt"
    as_root=()
    if [[ $(id -u) != 0 ]]; then
        command -v sudo >/dev/null || say_what_to_install "installing takes root, but there is no sudo"
        if [[ -t 0 ]]; then as_root=(sudo); else as_root=(sudo -n); fi
        "${as_root[@]}" true || say_what_to_install "installing takes root, but sudo refused"
    fi
    apt() { # says nothing unless it fails
        local log
        log=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -qq "$@" </dev/null 2>&1) ||
            { echo "$log" >&2; return 1; }
    }
    echo "Installing ${missing[*]} …"
    apt update || echo "apt-get update failed; going on with the lists there are" >&2
    apt install -y --no-install-recommends "${missing[@]}"
    if ! { python_works && node_works && chromium_works; }; then
        say_what_to_install "the distribution's packages do not do"
    fi
}
((${#missing[@]} == 0)) || install_missing

# Two at a time: most wait for the network, the first compiles; the second of the crates would wait for it.
cd "$here/.."
{
    echo "rust examples/rmcp"
    for list in tests/clients/requirements.txt tests/clients/matrix/*.txt examples/*/requirements.txt; do echo "python $list"; done
    for list in tests/clients/*/package.json examples/*/package.json examples/*/client/package.json; do echo "node ${list%/package.json}"; done
    echo "rust examples/agentgateway/verifier"
} | xargs -P 2 -L 1 "$here/client-environment.sh" >/dev/null
