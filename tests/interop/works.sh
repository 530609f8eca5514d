# Sourced by the scripts of servers and proxies: files that they serve, an origin behind
# them, and steps of ordinary work, each with what it comes to.
#
# Contents are compared by SHA-256 and called by the names of the files in `$www`; what is
# said many times is counted.
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"
interop=$repository/tests/interop
www=$T/www sent=$T/sent
modified='Mon, 01 Jan 2024 00:00:00 GMT'

# What is served: `hello`, `big`, `text`, and `folder/index.html`. What is sent: `small` and `large`.
files() {
    mkdir -p "$www/folder"
    printf 'hello world\n' >"$www/hello"
    cp "$www/hello" "$www/hello.txt"
    printf 'the folder\n' >"$www/folder/index.html"
    seq 0 500000 | head -c 3000001 >"$www/big"
    seq 0 2000 >"$www/text.txt"
    touch -d "$modified" "$www"/*
    seq 7 3000 | head -c 10000 >"$sent-small"
    seq 8 900000 | head -c 5000000 >"$sent-large"
    sha256sum <"$sent-small" | head -c 64 >"$T/small-hash"
    sha256sum <"$sent-large" | head -c 64 >"$T/large-hash"
    head -c 6 "$www/hello" | tail -c 4 >"$T/bytes-2-5"
    tail -c 3 "$www/hello" >"$T/bytes-last-3"
    : >"$T/nothing"
    : >"$T/names"
    know hello "$www/hello" && know big "$www/big" && know text "$www/text.txt" &&
        know 'the folder' "$www/folder/index.html" && know nothing "$T/nothing" &&
        know 'bytes 2-5' "$T/bytes-2-5" && know 'the last 3' "$T/bytes-last-3" &&
        know small "$sent-small" && know large "$sent-large" &&
        know "small's hash" "$T/small-hash" && know "large's hash" "$T/large-hash"
}

# From now on what is in FILE is called NAME.
know() { # NAME FILE
    printf 's/ %s %s/ %s/\n' "$(stat -c %s "$2")" "$(sha256sum <"$2" | cut -d' ' -f1)" "$1" >>"$T/names"
}

# What the client prints, in short: names for contents, no numbers of ports.
short() {
    sed -E -f "$T/names" | sed -E \
        -e 's/^([45][0-9][0-9]) .*/\1/' -e 's/ ([0-9]+) [0-9a-f]{64}/ \1 bytes/' \
        -e 's/(127\.0\.0\.1|localhost|\[::1\]):[0-9]+/\1:PORT/g'
}
counted() {
    uniq -c | sed -E -e 's/^ +1 //' -e 's/^ +([0-9]+) /\1 x /' | paste -s -d'|' | sed 's/|/, /g'
}

# A step: what it is called, what it comes to (a pattern), the options of `ask`.
step() { # NAME EXPECTED OPTION...
    checked cat "$@"
}
# The same, where order is of no interest: each line once, with its count.
steps() { # NAME EXPECTED OPTION...
    checked sort "$@"
}
checked() { # ORDER NAME EXPECTED OPTION...
    local came
    came=$(ask "${@:4}" 2>&1 | short | $1 | counted)
    checks=$((checks + 1))
    [ -z "${LOUD:-}" ] || printf '%s, %s: %s: %s\n' "$name" "$adapter" "$2" "$came"
    # shellcheck disable=SC2053 # it is a pattern
    [[ $came == $3 ]] && return
    wrong+=("$2: $came")
    printf '%s, %s: %s: %s\n    and not: %s\n' "$name" "$adapter" "$2" "$came" "$3"
}

# 300 requests in turn, and what came of them.
mixed() { # EXPECTED URL [POST_URL]
    steps '300 requests in turn' "$1" -n 100 -X HEAD "$2" --next "$2" \
        --next -X POST -d "$sent-small" "${3:-$2}"
}

# Certificates of an authority of our own, for `localhost`: `$T/ca.pem`, `$T/cert.pem`, `$T/key.pem`.
papers() {
    (
        cd "$T" || exit
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=interop &&
            openssl req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost &&
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >extensions &&
            openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem \
                -days 2 -extfile extensions
    ) >"$T/papers.log" 2>&1 || give_up "$(tail -n 3 "$T/papers.log")"
}

# The origin behind proxies, with and without TLS: `$plain` and `$secure` are its URLs; nobody
# listens at `$nobody` and `$nobody_secure`.
origin() {
    files
    papers
    local port=$(free_port) secure_port=$(free_port) closed=$(free_port)
    serve node "$interop/origin.mjs" "$port" "$secure_port" "$www" "$T/key.pem" "$T/cert.pem"
    up "$port"
    up "$secure_port"
    plain=http://127.0.0.1:$port secure=https://localhost:$secure_port
    nobody=http://127.0.0.1:$closed/ nobody_secure=https://localhost:$closed/
}

# What goes through any proxy (with CONNECT or SOCKS where the URL is `https`): `through
# PROXY URL`.
through() { # PROXY URL
    local with=(-x "$1" -r "$T/ca.pem") scheme=${2%%:*} large="200 large's hash"
    step "$scheme: GET" '200 hello' "${with[@]}" "$2/hello"
    step "$scheme: HEAD" '200 nothing' "${with[@]}" -X HEAD "$2/hello"
    step "$scheme: 3 MB" '200 big' "${with[@]}" "$2/big"
    step "$scheme: no length" '200 hello' "${with[@]}" "$2/stream"
    step "$scheme: 204" '204 nothing' "${with[@]}" "$2/204"
    step "$scheme: a redirect" '200 hello' "${with[@]}" "$2/moved"
    step "$scheme: POST, Expect" "200 small's hash" "${with[@]}" -e -X POST -T "$sent-small" "$2/hash"
    step "$scheme: POST, chunked" "${chunked:-$large}" "${with[@]}" -X POST -c "$sent-large" "$2/hash"
    steps "$scheme: 300 requests in turn" "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" \
        "${with[@]}" -n 100 "$2/hello" --next -X HEAD "$2/hello" --next -X POST -d "$sent-small" "$2/hash"
}

# What an application does on any server: `app.py`, or one in another language that has
# its paths. What differs is told by variables: `chunked`, `early`, `statuses`.
application() { # URL
    local large="200 large's hash"
    step GET '200 hello' "$1/hello"
    step HEAD '200 nothing' -X HEAD "$1/hello"
    step '3 MB' '200 big' "$1/big"
    step 'no length' '200 hello' "$1/stream"
    step 'a redirect' '200 hello' "$1/moved"
    step 'content for HEAD, 204, 304' "${statuses:-200 nothing, 200 hello, 204 nothing, 200 hello, 304 nothing, 200 hello}" \
        -X HEAD "$1/stream" --next "$1/hello" "$1/204" "$1/hello" "$1/304" "$1/hello"
    step 'POST' "200 small's hash" -X POST -d "$sent-small" "$1/hash"
    step 'POST, streamed, Expect' "$large" -e -X POST -T "$sent-large" "$1/hash"
    step 'POST, chunked' "${chunked:-$large}" -X POST -c "$sent-large" "$1/hash"
    step 'refused early' "${early:-413}" -X POST -T "$sent-large" "$1/early"
    mixed "100 x 200 hello, 100 x 200 nothing, 100 x 200 small's hash" "$1/hello" "$1/hash"
}
# A server in Python that runs `app.py`: PORT in the command stands for its port.
python_server() { # COMMAND...
    files
    port=$(free_port)
    url=http://127.0.0.1:$port
    cd "$interop" || exit
    WWW=$www PYTHONDONTWRITEBYTECODE=1 serve "${@//PORT/$port}"
    cd "$T" || exit
    up "$port"
}
