#!/usr/bin/env bash
# Server-sent events through proxies.
#
# node's http server sends an event (`text/event-stream`) at once, one after each further
# half second, and ends after three seconds. In front of it is a proxy as it is configured
# first; nginx also as most examples have it (`proxy_http_version 1.1`), and with that and gzip,
# asked by a client that takes gzip.
#
# A good guess: nginx holds events back until its buffers are full, as everybody says who
# writes `proxy_buffering off` or `X-Accel-Buffering: no`. The others hand on what they have.
#
# Seen: with `proxy_http_version 1.1` nginx 1.22.1 hands on each event as it comes, with
# its buffering on. Without it (node then sends HTTP/1.0's response, up to the close), and
# under gzip, it gives nothing until node has ended. haproxy 2.6.12, varnish 7.1.1, tinyproxy 1.11.1,
# privoxy 3.0.34 and Apache 2.4.71 hand them on. lighttpd 1.4.69 gives nothing, not even the
# head, until node has ended (`server.stream-response-body` is 0), and then a Content-Length:
# a page that waits for its first event waits for ever.
. "$(dirname "$0")/kit.sh"

debs "${proxy_debs[@]}"
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const more = setInterval(() => response.write('data: here\n\n'), 500)
    response.write('data: here\n\n')
    setTimeout(() => clearInterval(more) ?? response.end(), 3000)
}).listen(Number(process.argv[2]), '127.0.0.1')
JS
cat >"$T/ask.py" <<'PY'
import socket, sys, time, zlib
gzip = sys.argv[3:] == ["gzip"]
version = sys.argv[3] if len(sys.argv) > 3 and not gzip else "HTTP/1.1"
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(20)
extra = "Accept-Encoding: gzip\r\n" if gzip else ""
begun = time.monotonic()
peer.sendall(f"GET {sys.argv[2]} {version}\r\nHost: 127.0.0.1\r\n{extra}Connection: close\r\n\r\n".encode())
def content(got):
    head, rest = got.split(b"\r\n\r\n", 1)
    assert (b"content-encoding: gzip" in head.lower()) == gzip
    if b"chunked" not in head:
        text = rest
    else:
        text = b""
        while b"\r\n" in rest:
            size, rest = rest.split(b"\r\n", 1)
            text, rest = text + rest[:int(size, 16)], rest[int(size, 16) + 2:]
    return zlib.decompressobj(31).decompress(text) if gzip else text
got, times = b"", []
while piece := peer.recv(65536):
    got += piece
    if b"\r\n\r\n" in got:
        times += [time.monotonic() - begun] * (content(got).count(b"here") - len(times))
assert len(times) == 6, got
print("each as it comes" if times[0] < 1 and times[2] < 2 else "all at the end" if times[0] > 2.5 else times)
PY
origin=$(free_port)
serve node "$T/app.mjs" "$origin"
up "$origin"
proxies "$origin"
ask() { # NAME PORT TARGET [gzip | VERSION]
    local seen='each as it comes'
    case $1 in
    lighttpd | nginx*0* | nginx*gzip) seen='all at the end' ;;
    esac
    see "$1" "$seen" "$(python3 "$T/ask.py" "${@:2}" 2>&1 | tail -n 1)"
}
ask 'node itself' "$origin" /
ask 'node itself, HTTP/1.0' "$origin" / HTTP/1.0
each /
old=$(free_port) packed=$(free_port)
nginx "server { listen 127.0.0.1:$old; location / { proxy_pass http://127.0.0.1:$origin; } }
    server { listen 127.0.0.1:$packed; gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;
        location / { proxy_pass http://127.0.0.1:$origin; proxy_http_version 1.1; } }"
up "$old"
ask 'nginx, HTTP/1.0 to node' "$old" /
ask 'nginx, gzip' "$packed" / gzip
verdict
