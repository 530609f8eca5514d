#!/usr/bin/env bash
# Fails if a request costs over 2 % more instructions than guard.txt records, in any of the
# main rows: the servers and clients on threads and on smol, and a loop over the core alone.
#
#   bench/guard.sh             builds, counts and compares: a few minutes, most of them the build
#   bench/guard.sh --record    writes what it counted into guard.txt
#
# Instructions do not depend on what else the machine does, but on the compiler, on libc
# and on which of its copying loops it takes on this CPU. hyper is counted in the same run:
# by as much as it costs more here than where guard.txt was made, ours may as well.
# guard.txt was made with rustc 1.95 and glibc 2.36 on an AMD EPYC with AVX2; smol's rows
# move by a percent of their own, so the least of three is taken.
# Needs valgrind and python3.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
(cd peers/rust && cargo build --release --quiet --locked --bin peer-hyper-tokio --bin peer-purlin-std \
    --bin peer-purlin-smol --bin peer-purlin-runtime --bin client-purlin-std --bin client-purlin-smol)
{
    python3 icount.py hyper-tokio purlin-std purlin-smol purlin-runtime --repeat 3
    python3 clients.py purlin-std purlin-smol --icount --repeat 3
} | python3 guard.py "$@"
