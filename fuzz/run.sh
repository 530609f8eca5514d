#!/usr/bin/env bash
# Runs every fuzz target for SECONDS each; fails if one of them finds anything.
# New inputs stay in fuzz/target; the committed corpora are not changed.
#
# It needs a C++ compiler and `cargo install cargo-fuzz`, and runs on stable
# Rust: without a sanitizer nothing unstable is asked for.
set -euo pipefail
seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET...]}
shift
need() { # COMMAND WHAT-GIVES-IT
    command -v "$1" >/dev/null || { echo "fuzz/run.sh needs $1: $2" >&2; exit 1; }
}
need cargo-fuzz 'cargo install --locked cargo-fuzz'
need "${CXX:-c++}" 'a C++ compiler, such as the package g++'
cd "$(dirname "$0")"
if [ $# -eq 0 ]; then
    set -- $(basename -a -s .rs fuzz_targets/*.rs)
fi
for target in "$@"; do
    found="target/corpus/$target"
    mkdir -p "$found" "corpus/$target"
    echo "== $target"
    cargo fuzz run --sanitizer none "$target" "$found" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 2>&1 |
        grep -vE '^#|^"|^ +Compiling|^INFO' ||
        [ "${PIPESTATUS[0]}" -eq 0 ]
done
echo "every target ran for $seconds s and found nothing"
