#!/usr/bin/env bash
# Writes the documents under openapi/ anew; a test compares them with what the code says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p openapi
trap 'rm -f openapi/*.new' EXIT
for document in admin:admin-api public:authorization-server; do
    file=openapi/${document#*:}.json
    # Beside it first: a build that fails leaves the old one.
    cargo run --quiet --package server --bin writ -- openapi "${document%%:*}" >"$file.new"
    mv "$file.new" "$file"
done
