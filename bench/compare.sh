#!/usr/bin/env bash
# Builds Purlin's servers and their peers, and measures them side by side in one run:
# CPU and requests a second (run.py), then instructions and system calls (icount.py),
# and the same of clients (clients.py).
#
#   bench/compare.sh [--rounds N]      about ten minutes
#
# Needs wrk, h2load, nginx, valgrind, strace and python3; Go if it is there.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR=$PWD/target BENCH_BIN=$PWD/bin
(cd peers/rust && cargo build --release --quiet -p peer-purlin -p peer-hyper-tokio -p peer-hyper-smol -p peer-axum -p peer-floor -p peer-clients)
servers=(hyper-tokio purlin-std purlin-smol purlin-runtime axum hyper-smol nginx)
clients=(hyper-util purlin-std purlin-smol ureq reqwest floor)
if command -v go >/dev/null; then
    mkdir -p "$BENCH_BIN"
    (cd peers/go && go build -o "$BENCH_BIN/peer-go" .)
    (cd clients/go && go build -o "$BENCH_BIN/client-go" .)
    clients+=(go)
    servers+=(go1)
else
    echo 'SKIPPED: go is not installed, so net/http is not measured' >&2
fi
python3 check.py purlin-std purlin-smol purlin-runtime
python3 run.py "${servers[@]}" --secs 1 --scenarios rate_30k,plain_c64,routed_c64,pipe16,newconn,echo_1k,echo_1m,down_10m,h1_tls_c64,tls_handshake "$@"
# Latency where a core is short: the server's alone, and one that the load shares.
python3 run.py hyper-tokio purlin-std purlin-smol hyper-smol --secs 2 --scenarios plain_c1,plain_c64,routed_c64,echo_1k "$@"
python3 run.py hyper-tokio purlin-std purlin-smol hyper-smol --secs 2 --load-cpu 0 --scenarios plain_c64 "$@"
python3 icount.py purlin-std purlin-smol purlin-runtime hyper-tokio axum hyper-smol nginx floor-std floor-smol --syscalls --repeat 1
python3 clients.py "${clients[@]}" --rounds 3 --scenarios plain_c1,plain_c16,bytes_64k_c4,down_10m_c1
python3 clients.py purlin-std purlin-smol hyper-util ureq --icount
