#!/usr/bin/env bash
# A source file over 600 lines is a bug: it holds two things. Generated files are not source.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
too_long=0
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    if ((lines > 600)); then
        echo "$file has $lines lines; split it (600 at most)" >&2
        too_long=1
    fi
done < <(git ls-files '*.rs' '*.sql' '*.sh' '*.py' '*.ts' '*.html')
exit "$too_long"
