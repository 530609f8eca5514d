#!/usr/bin/env bash
# Builds Purlin's servers and their peers, and measures them side by side in one run:
# CPU and requests a second (run.py), then instructions and system calls (icount.py).
#
#   bench/compare.sh [--rounds N]      about ten minutes
#
# Needs wrk, h2load, nginx, valgrind, strace and python3; Go if it is there.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR=$PWD/target BENCH_BIN=$PWD/bin
(cd peers/rust && cargo build --release --quiet -p peer-purlin -p peer-hyper-tokio -p peer-hyper-smol -p peer-axum -p peer-floor)
servers=(hyper-tokio purlin-std purlin-smol purlin-runtime axum hyper-smol nginx)
if command -v go >/dev/null; then
    mkdir -p "$BENCH_BIN"
    (cd peers/go && go build -o "$BENCH_BIN/peer-go" .)
    servers+=(go1)
else
    echo 'SKIPPED: go is not installed, so net/http is not measured' >&2
fi
python3 check.py purlin-std purlin-smol purlin-runtime
python3 run.py "${servers[@]}" --secs 1 --scenarios rate_30k,plain_c64,routed_c64,pipe16,newconn,echo_1k,echo_1m,down_10m "$@"
python3 icount.py purlin-std purlin-smol purlin-runtime hyper-tokio axum hyper-smol nginx floor-std floor-smol --syscalls --repeat 1
