#!/usr/bin/env bash
# Runs every fuzz target for SECONDS each, as many at once as there are cores; fails
# if one of them finds anything.
# New inputs stay in fuzz/target; the committed corpora are not changed.
#
# An input may take a minute, so that a busy machine is not taken for a hang.
#
# It needs a C++ compiler and `cargo install cargo-fuzz`, and runs on stable
# Rust: without a sanitizer nothing unstable is asked for.
set -euo pipefail
export seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET...]}
shift
need() { # COMMAND WHAT-GIVES-IT
    command -v "$1" >/dev/null || { echo "fuzz/run.sh needs $1: $2" >&2; exit 1; }
}
need cargo-fuzz 'cargo install --locked cargo-fuzz'
need "${CXX:-c++}" 'a C++ compiler, such as the package g++'
cd "$(dirname "$0")"
if [ $# -eq 0 ]; then
    set -- $(basename -a -s .rs fuzz_targets/*.rs)
    cargo fuzz build --sanitizer none 2>&1 | grep -vE '^ +Compiling' || [ "${PIPESTATUS[0]}" -eq 0 ]
fi
run() { # TARGET
    local found="target/corpus/$1"
    mkdir -p "$found" "corpus/$1"
    echo "== $1"
    cargo fuzz run --sanitizer none "$1" "$found" "corpus/$1" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=60 -rss_limit_mb=1024 -print_final_stats=1 2>&1 |
        grep -vE '^#|^"|^ +Compiling|^INFO' ||
        [ "${PIPESTATUS[0]}" -eq 0 ]
}
export -f run
# What one says stays together.
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -o pipefail -c \
    'said=$(run "$1"); result=$?; printf "%s\n" "$said"; exit "$result"' run {}
echo "every target ran for $seconds s and found nothing"
