#!/usr/bin/env bash
# Builds Purlin's servers and their peers, and measures them side by side in one run:
# CPU and requests a second (run.py), then instructions and system calls (icount.py).
#
#   bench/compare.sh [--rounds N]      about five minutes
#
# Needs wrk, h2load, nginx, valgrind, strace and python3; Go if it is there.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR=$PWD/target BENCH_BIN=$PWD/bin
(cd peers/rust && cargo build --release --quiet -p peer-purlin -p peer-hyper-tokio -p peer-hyper-smol -p peer-floor)
servers=(hyper-tokio purlin-smol purlin-std hyper-smol nginx)
if command -v go >/dev/null; then
    mkdir -p "$BENCH_BIN"
    (cd peers/go && go build -o "$BENCH_BIN/peer-go" .)
    servers+=(go1)
else
    echo 'SKIPPED: go is not installed, so net/http is not measured' >&2
fi
python3 check.py purlin-std purlin-smol
python3 run.py "${servers[@]}" --secs 1 --scenarios plain_c1,plain_c64,rate_30k,pipe16,newconn,routed_c64,echo_1k "$@"
python3 icount.py purlin-std purlin-smol hyper-tokio hyper-smol nginx floor-std floor-smol --syscalls --repeat 1
