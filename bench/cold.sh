#!/bin/bash
# What a first build costs: CPU seconds (user and system) of `cargo build` of a hello, from nothing.
#
#   bench/cold.sh [ROUNDS]
#
# Ours as the README has it, and packages as `cargo new` makes them beside axum's and ureq's. All
# take the versions of this repository's Cargo.lock; packages are fetched before the clock starts.
# The least of all rounds counts, since what else runs on the machine can only add to it.
set -euo pipefail
rounds=${1:-3}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$work/target" CARGO_BUILD_JOBS=${CARGO_BUILD_JOBS:-2} CARGO_TERM_QUIET=true
unset RUSTC_WRAPPER RUSTFLAGS

# package NAME DEPENDENCIES, and its main from the standard input
package() {
    mkdir -p "$work/$1/src"
    printf '[package]\nname = "%s"\nedition = "2024"\n[workspace]\n[dependencies]\n%s\n' "$1" "$2" \
        >"$work/$1/Cargo.toml"
    cat >"$work/$1/src/main.rs"
    cp "$root/Cargo.lock" "$work/$1/Cargo.lock"
}

# cold LABEL DIRECTORY ARGUMENTS..: the least CPU time of the rounds
cold() {
    local label=$1 least=
    cd "$2"
    shift 2
    cargo fetch
    for ((round = 0; round < rounds; round++)); do
        rm -rf "$CARGO_TARGET_DIR"
        local TIMEFORMAT='%U %S' took
        took=$({ time cargo build --offline "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; } 2>&1 |
            awk 'END { printf "%.1f", $1 + $2 }')
        if [[ -z $least ]] || awk "BEGIN { exit !($took < $least) }"; then least=$took; fi
    done
    printf '| %s | %s |\n' "$label" "$least"
}

smol_hello='fn main() -> purlin_smol::Result<()> {
    let mut mux = purlin_smol::Mux::new();
    mux.handle("GET /{$}", async |_: purlin_smol::Request| "hello\n")?;
    smol::block_on(purlin_smol::Server::new(mux).listen("127.0.0.1:8080"))
}'
std_hello='fn main() -> purlin_std::Result<()> {
    let mut mux = purlin_std::Mux::new();
    mux.handle("GET /{$}", |_: purlin_std::Request| "hello\n")?;
    purlin_std::Server::new(mux).listen("127.0.0.1:8080")
}'
std_get='fn main() {
    println!("{}", purlin_std::get("http://127.0.0.1:8080/").unwrap().text().unwrap());
}'
bare=', default-features = false'
smol="purlin-smol = { path = \"$root/adapters/smol\""
std="purlin-std = { path = \"$root/adapters/std\""

package smol-hello "$smol }"$'\nsmol = "2"' <<<"$smol_hello"
package smol-hello-bare "$smol$bare }"$'\nsmol = "2"' <<<"$smol_hello"
package std-hello "$std }" <<<"$std_hello"
package std-hello-bare "$std$bare }" <<<"$std_hello"
package std-get "$std }" <<<"$std_get"
package axum-hello $'axum = "=0.8.9"\ntokio = { version = "1", features = ["net", "rt-multi-thread"] }' <<'RUST'
fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = axum::Router::new().route("/", axum::routing::get(|| async { "hello\n" }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await.unwrap();
        axum::serve(listener, app).await.unwrap();
    });
}
RUST
package ureq-get 'ureq = "=3.5.2"' <<'RUST'
fn main() {
    let mut response = ureq::get("http://127.0.0.1:8080/").call().unwrap();
    println!("{}", response.body_mut().read_to_string().unwrap());
}
RUST

printf '| hello | CPU s |\n|---|---|\n'
cold 'this repository: `-p purlin-smol --no-default-features --example hello`' "$root" \
    -p purlin-smol --no-default-features --example hello
cold 'this repository: `-p purlin-smol --example hello`, with TLS and gzip' "$root" -p purlin-smol --example hello
cold 'a package with `purlin-smol`, without TLS' "$work/smol-hello-bare"
cold 'a package with `axum` (no TLS)' "$work/axum-hello"
cold 'a package with `purlin-std`, a server, without TLS' "$work/std-hello-bare"
cold 'a package with `purlin-smol`, with TLS' "$work/smol-hello"
cold 'a package with `purlin-std`, a server, with TLS' "$work/std-hello"
cold 'a package with `purlin-std`, a client, with TLS' "$work/std-get"
cold 'a package with `ureq`, with TLS' "$work/ureq-get"
