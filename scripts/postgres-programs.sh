#!/usr/bin/env bash
# Prints the folder of the newest PostgreSQL server's programs, or fails. Debian and Ubuntu keep them
# out of the search path. Sourced or run; other scripts here ask it.
set -euo pipefail

newest=""
newest_version=0
consider() {
    local folder=$1 version
    [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres ]] || return 0
    version=$("$folder/postgres" --version | sed -E 's/^.*\) ([0-9]+).*$/\1/')
    if ((version > newest_version)); then
        newest=$folder
        newest_version=$version
    fi
}

for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
    consider "$folder"
done
if on_path=$(command -v initdb); then
    consider "$(dirname "$on_path")"
fi

if ((newest_version < 15)); then
    echo "PostgreSQL 15 or newer is not on this machine: run scripts/install-postgres.sh" >&2
    exit 1
fi
echo "$newest"
