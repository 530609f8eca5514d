#!/usr/bin/env bash
# Real clients against servers of ours, real servers and proxies against clients of ours,
# on both adapters: `tests/interop/run.sh [NAME...]`, without names all of them.
#
# Rewrites docs/interop.md: with names, only their rows. Ends with 1 if something is not
# as it should be, or could not be run. The programs are packages of fixed versions (Debian
# 12, PyPI, npm) which stay below target/peers; it needs apt, python3, npm, and no root.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
mine=tests/interop document=docs/interop.md
limit=${LIMIT:-600} # seconds, for one peer; `JOBS` of them at once, 2 if it is not said

${CARGO:-cargo} build --quiet --locked -p purlin-tests \
    --example interop_server --example interop_client || exit 1

ROWS=$(mktemp -d)
export ROWS
trap 'rm -rf "$ROWS"' EXIT
failed=0
scripts=()
if [ $# = 0 ]; then
    scripts=("$mine"/{clients,servers}/*.sh)
else
    for name in "$@"; do
        found=("$mine"/*/"$name".sh)
        [ -e "${found[0]}" ] || { echo "no peer is called $name"; exit 1; }
        scripts+=("${found[@]}")
    done
fi
one() { # SCRIPT
    timeout -k 10 "$limit" bash "$1" && return
    local result=$? side name
    side=$(basename "$(dirname "$1")") name=$(basename "$1" .sh)
    echo "NOT OK: $side/$name"
    [ -e "$ROWS/$side.$name" ] ||
        echo "| [$name](../$1) | | FAILED: ended with $result | | |" >"$ROWS/$side.$name"
    return 1
}
export -f one
export limit
printf '%s\0' "${scripts[@]}" | xargs -0 -P "${JOBS:-2}" -I{} bash -c 'one {}' || failed=1

# A table: what was run now, and the old rows of the others.
table() { # SIDE
    local script name
    for script in "$mine/$1"/*.sh; do
        [ -e "$script" ] || continue
        name=$(basename "$script" .sh)
        cat "$ROWS/$1.$name" 2>/dev/null || grep -F "](../$script)" "$document" ||
            echo "| [$name](../$script) | | not run yet | not run yet | |"
    done
}
{
    cat "$mine/preface.md"
    printf '\n## Clients, asking our servers\n\n'
    printf '| client | what it sends | smol | std | failed once, and what was mended |\n|---|---|---|---|---|\n'
    table clients
    printf '\n## Servers and proxies, asked by our clients\n\n'
    printf '| server | what it answers | smol | std | failed once, and what was mended |\n|---|---|---|---|---|\n'
    table servers
} >"$ROWS/document"
mv "$ROWS/document" "$document"
exit "$failed"
