# Sourced by the scripts of `clients` and `servers`: one program of others, what it is
# asked to do with ours, and the row of docs/interop.md that comes of it.
#
# A script gets its program (`debs`, `pypi`, `npm_packages`: packages.sh), says in words what
# the program does (`does`, and `mended` if it did not work once), defines a function
# `work`, and ends with `row`. `work` is called for each adapter, in a folder of its own.
#
# For a client, `$url` is a server of ours, `$port` its port, and `$served` its folder, which
# is `$url/files/`; `asked TEXT` is a check that it was asked so. For a server, `ask` is a
# client of ours (its options: tests/examples/interop_client).
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
examples=${CARGO_TARGET_DIR:-$repository/target}/debug/examples
name=$(basename "$0" .sh)
side=$(basename "$(dirname "$(realpath "$0")")")
rows=${ROWS:-$T}
does='' mended='' title=$name
checks=0 wrong=()

# Why a peer is not run here.
give_up() {
    line "not run: $*" '-' '-'
    echo "NOT RUN: $name: $*"
    exit 2
}

# Says what is written in the row.
line() { # VERSION SMOL STD
    local words
    words=$(printf '| [%s](../tests/interop/%s/%s.sh) %s | %s | %s | %s | %s |' \
        "$title" "$side" "$name" "$1" "$does" "$2" "$3" "$mended")
    echo "${words//$'\n'/ }" >"$rows/$side.$name"
}

# The first so many bytes of what /bytes/COUNT gives.
content() { seq -f %07.0f 0 $(($1 / 8)) | head -c "$1"; }
sum() { sha256sum "$@" | cut -c1-64; }

# A check: WHAT is EXPECTED.
is() { # WHAT EXPECTED ACTUAL
    checks=$((checks + 1))
    [ "$2" = "$3" ] && return
    wrong+=("$1")
    printf '%s, %s: %s is %q, not %q\n' "$name" "$adapter" "$1" "${3:0:600}" "${2:0:600}"
    return 1
}
# A check: WHAT has TEXT in it.
has() { # WHAT TEXT ACTUAL
    checks=$((checks + 1))
    [[ $3 == *"$2"* ]] && return
    wrong+=("$1")
    printf '%s, %s: %s has no %q: %q\n' "$name" "$adapter" "$1" "$2" "${3:0:2000}"
    return 1
}
# A check: a command ends with 0.
ok() { # WHAT COMMAND...
    local result
    "${@:2}" >"$here/output" 2>&1
    result=$?
    is "$1 ends" 0 $result || tail -n 20 "$here/output"
}
# A check: these files, or this file and so many bytes of `content`, are the same.
same() { # WHAT FILE BYTES
    local have
    have=$(sum "$2" 2>&1)
    is "$1" "$(content "$3" | sum)" "$have"
}
# A check: our server was asked this (an extended regular expression of a line of its log), within a second.
asked() { # TEXT
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        grep -Eq -- "$1" "$log" && break
        sleep 0.1
    done
    checks=$((checks + 1))
    grep -Eq -- "$1" "$log" && return
    wrong+=("asked $1")
    echo "$name, $adapter: not asked: $1"
    tail -n 20 "$log" | cut -c1-500
    return 1
}
# How many connections were used, and how many requests came.
connections() { grep -E '^[0-9]+ .* -> ' "$log" | cut -d' ' -f1 | sort -u | wc -l; }
requests() { grep -cE '^[0-9]+ .* -> ' "$log"; }
# The log begins anew.
anew() { sleep 0.2; : >"$log"; }

# A server of ours, on a port of its own.
our_server() {
    served=$here/served log=$here/log
    mkdir -p "$served"
    content 100000 >"$served/data.bin"
    echo '<html><title>t</title><body><p>a page <a href="data.bin">data</a></p></body></html>' >"$served/index.html"
    : >"$log"
    "$examples/interop_server" "$adapter" 127.0.0.1:0 "$served" >>"$log" 2>&1 &
    running+=($!)
    local try
    for try in $(seq 100); do
        port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$log")
        [ -n "$port" ] && break
        sleep 0.1
    done
    [ -n "$port" ] || give_up "our server does not start: $(cat "$log")"
    url=http://127.0.0.1:$port
}
# A client of ours.
ask() { "$examples/interop_client" "$adapter" "$@"; }

# What libraries are asked to do: a program is run as `COMMAND URL`, in a folder that has the
# file `upload`, and leaves in files what it got: `hello`; `big`, which is /bytes/3000000;
# `put`, the answer of /hash to the upload; and if it can do that `chunked`, the same to the
# upload without a length, `redirect`, which is /redirect/302, `auth`, with the password,
# `stream`, and `ranged`, bytes 10 to 19 of /bytes/1000.
library() { # COMMAND...
    content 300000 >upload
    ok program "$@" "$url"
    is hello hello "$(cat hello)"
    same 'large download' big 3000000
    is upload "$(sum upload) 300000" "$(cat put)"
    [ -e chunked ] && is 'upload without a length' "$(sum upload) 300000" "$(cat chunked)"
    [ -e redirect ] && has redirect 'GET /head' "$(cat redirect)"
    [ -e auth ] && is password 'come in' "$(cat auth)"
    [ -e stream ] && is stream 'line 1 line 2 line 3' "$(tr '\n' ' ' <stream | sed 's/ $//')"
    [ -e ranged ] && is range "$(content 1000 | tail -c +11 | head -c 10)" "$(cat ranged)"
    true
}

# The end of a script: does the work on both adapters and writes the row.
row() {
    local results=() failed=0
    for adapter in smol std; do
        here=$T/$adapter checks=0 wrong=()
        mkdir -p "$here"
        cd "$here" || exit 1
        [ "$side" = clients ] && our_server
        work
        [ "$checks" = 0 ] && wrong+=('nothing was checked')
        if [ ${#wrong[@]} = 0 ]; then
            results+=("ok ($checks)")
        else
            failed=1
            results+=("FAILED: $(printf '%s; ' "${wrong[@]}" | sed 's/; $//; s/|/\\|/g')")
        fi
    done
    local all
    all=$(printf '%s, ' "${versions[@]}")
    all=${all%, }
    [ ${#versions[@]} = 1 ] && all=${all##* }
    line "$all" "${results[@]}"
    printf '%s %s: smol %s, std %s\n' "$name" "$all" "${results[@]}"
    exit $failed
}
