#!/usr/bin/env bash
# Makes what a client of another project needs to run, once, under .client-tools, and prints where it is:
#   client-environment.sh python REQUIREMENTS   a virtual environment with that file's packages
#   client-environment.sh node FOLDER           that folder's package-lock.json, installed beside it
#   client-environment.sh rust FOLDER           that folder's own Cargo workspace, built
# A changed list is installed anew. Several may run at once.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=${WRIT_CLIENT_TOOLS:-$root/.client-tools}
kind=${1:?python, node or rust} what=$(cd "$(dirname "${2:?what to install}")" && pwd)/$(basename "$2")

digest() { cat "$@" | cksum | tr ' ' -; }
name_of() { # examples/fastmcp/requirements.txt → examples-fastmcp-requirements
    local name=${1#"$root"/}
    name=${name%.txt}
    echo "${name//\//-}"
}
one_at_a_time() { # the lock goes with this process
    mkdir -p "$kept"
    exec 9>"$kept/.lock-$(name_of "$what")"
    if command -v flock >/dev/null; then flock 9; fi
}

case $kind in
python)
    one_at_a_time
    folder=$kept/python/$(name_of "$what")
    wanted=$(digest "$what")-$(python3 -c 'import sys; print(*sys.version_info[:2], sep=".")')
    if [[ $(cat "$folder/.installed" 2>/dev/null) != "$wanted" ]]; then
        rm -rf "$folder"
        python3 -m venv "$folder"
        (cd "$(dirname "$what")" && "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$what") >&2
        echo "$wanted" >"$folder/.installed"
    fi
    echo "$folder"
    ;;
node)
    one_at_a_time
    wanted=$(digest "$what/package.json" "$what/package-lock.json")
    if [[ $(cat "$what/node_modules/.installed" 2>/dev/null) != "$wanted" ]]; then
        (cd "$what" && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error) >/dev/null
        echo "$wanted" >"$what/node_modules/.installed"
    fi
    echo "$what/node_modules"
    ;;
rust)
    # One target folder: what the crates have in common is built once. Nobody debugs them.
    CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet --locked --manifest-path "$what/Cargo.toml" --target-dir "$kept/rust" >&2
    echo "$kept/rust/debug"
    ;;
*)
    echo "python, node or rust, not $kind" >&2
    exit 2
    ;;
esac
