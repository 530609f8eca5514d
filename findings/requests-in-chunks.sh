#!/usr/bin/env bash
# Requests whose client does not know their length, through proxies.
#
# curl posts a file with `Transfer-Encoding: chunked`, as it does with `-T -`, and as every
# library does with a generator or a pipe. In front of node is one of the seven proxies, or
# Ncat 7.93 as a proxy, as they are configured first. A second client sends one chunk, and
# the last one 1.5 s later.
#
# A good guess: what HTTP/1.1 has had since 1997 is passed on as it comes; a proxy that has
# to know the length collects the body up to its documented limit, and answers 413 behind
# that (nginx: 1 MiB).
#
# Seen: haproxy 2.6.12, varnish 7.1.1 and tinyproxy 1.11.1 pass it on as it comes. Apache
# 2.4.71 does so behind its first read: what is smaller waits for its end, and gets a length.
# nginx 1.22.1 and lighttpd 1.4.69 collect everything and give it a length. privoxy 3.0.34
# collects everything, sends it on in chunks when the end has come, and answers 400 "Failed parsing
# or buffering the chunk-encoded client body" where that, chunk lines and all, goes beyond its
# `buffer-limit` of 4 MiB (a body that tells its length has no limit there). It goes
# through the body from its beginning whenever more has come: in pieces of 1,000 bytes
# twice as much takes four times as long, three megabytes many seconds. Ncat answers 400 to every
# POST without Content-Length, however short, and 405 to PUT: it knows GET, HEAD and POST.
. "$(dirname "$0")/kit.sh"

debs curl=7.88.1-10+deb12u15 ncat=7.93+dfsg1-1 "${proxy_debs[@]}"
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
http.createServer((request, response) => {
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers
    const begun = Date.now()
    let size = 0
    request.on('data', (piece) => (size += piece.length))
    request.on('end', () => {
        const how = Date.now() - begun > 1000 ? 'as it came' : 'at its end'
        response.end(`${size} ${coding ?? (length === String(size) && 'length')}, ${how}`)
    })
}).listen(Number(process.argv[2]), '127.0.0.1')
JS
cat >"$T/slow.py" <<'PY'
import socket, sys, time
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(20)
head = f"POST {sys.argv[2]} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
peer.sendall(head.encode() + b"3\r\nabc\r\n")
time.sleep(1.5)
peer.sendall(b"0\r\n\r\n")
got = b""
while piece := peer.recv(65536):
    got += piece
print(got.split(b"\r\n\r\n", 1)[1].decode().split(" ", 1)[1])
PY
cat >"$T/pieces.py" <<'PY'
# How long a body takes that comes in chunks of 1,000 bytes, and one twice as long.
import http.client, sys, time
def took(count):
    peer = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=100)
    begun = time.monotonic()
    peer.request("POST", sys.argv[2], (b"a" * 1000 for _ in range(count)), encode_chunked=True)
    assert peer.getresponse().read().startswith(b"%d000 " % count)
    return time.monotonic() - begun
ratio = min(took(1600) for _ in range(2)) / min(took(800) for _ in range(2))
print("more than twice as long" if ratio > 2.8 else "twice as long, or less")
PY
post() { # PORT TARGET SIZE...: what comes of each
    local size came all=''
    for size in "${@:3}"; do
        head -c "$size" /dev/zero >"$T/body"
        came=$(of curl -s -w ' %{http_code}' -H 'Transfer-Encoding: chunked' -H 'Expect:' \
            --noproxy '' ${proxied:+-x "http://127.0.0.1:$1"} --data-binary @"$T/body" "${2}")
        case $came in
        "$size chunked,"*) came='chunks' ;;
        "$size length,"*) came='a length' ;;
        *) came=${came##* } ;;
        esac
        all+="$size: $came; "
    done
    echo "${all%; }"
}
origin=$(free_port)
serve node "$T/app.mjs" "$origin"
up "$origin"
proxies "$origin"
ask() {
    local proxied=${3%/}
    local way='as it came' what=chunks most=chunks
    case $1 in
    nginx) way='at its end' what='a length' most=413 ;;
    privoxy) way='at its end' most=400 ;;
    lighttpd) way='at its end' what='a length' most='a length' ;;
    apache) way='at its end' ;;
    esac
    local sizes="1000000: $what; 1100000: ${most/400/chunks}; 4190000: ${most/400/chunks}; 4200000: $most"
    [ "$1" = apache ] && what='a length'
    local coding=${what/chunks/chunked}
    see "$1" "100: $what; $sizes" "$(post "$2" "${3/#\//http://127.0.0.1:$2/}" 100 1000000 1100000 4190000 4200000)"
    see "$1, three bytes, the end later" "${coding/#a /}, $way" "$(python3 "$T/slow.py" "$2" "$3")"
}
each /
port=$(free_port)
serve of ncat -l 127.0.0.1 "$port" --proxy-type http -k
up "$port"
proxied=yes
see ncat '100: 400; 4000: 400' "$(post "$port" "http://127.0.0.1:$origin/" 100 4000)"
through() { of curl -s --noproxy '' -x "http://127.0.0.1:$port" "$@"; }
head -c 4200000 /dev/zero >"$T/body"
there=http://127.0.0.1:$origin/
see 'ncat, POST with a length' '4200000 length, at its end' "$(through -H Expect: --data-binary @"$T/body" "$there")"
see 'ncat, PUT with a length' 405 \
    "$(through -o "$T/said" -w '%{http_code}' -X PUT --data-binary abc "$there")"
port=$(sed -n 's/^listen-address .*://p' "$T/privoxy.conf")
see 'privoxy, with a length' '4200000 length, at its end' "$(through -H Expect: --data-binary @"$T/body" "$there")"
see 'privoxy, twice as much' 'more than twice as long' "$(python3 "$T/pieces.py" "$port" "$there")"
see 'node, twice as much' 'twice as long, or less' "$(python3 "$T/pieces.py" "$origin" /)"
verdict
