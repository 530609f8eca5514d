#!/usr/bin/env bash
# A trailer field of a real server, through proxies.
#
# node's http server sends a chunked response with `Trailer: X-Sum`, four bytes, and the
# trailer field `X-Sum: 7` (`response.addTrailers`).
#
# A good guess: RFC 9110 §6.5 lets an intermediary forward trailer fields or drop them;
# the content arrives either way.
#
# Seen: varnish 7.1.1 breaks the response off: the four bytes come, the last chunk does
# not, so clients report a truncated body (curl: 18). lighttpd 1.4.69 reads the whole
# response first and moves the field into the head, with a stray CR: `X-Sum: 7\r\r\n`,
# which RFC 9112 §2.2 makes invalid, so strict clients lose the response. nginx 1.22.1 and
# Apache 2.4.71 drop it, and nginx still announces it (`Trailer: X-Sum`). haproxy 2.6.12,
# tinyproxy 1.11.1 and privoxy 3.0.34 forward it.
. "$(dirname "$0")/kit.sh"

debs "${proxy_debs[@]}"
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
http.createServer((request, response) => {
    response.setHeader('Trailer', 'X-Sum')
    response.write('body')
    setTimeout(() => {
        response.addTrailers({ 'X-Sum': '7' })
        response.end()
    }, 100)
}).listen(Number(process.argv[2]), '127.0.0.1')
JS
cat >"$T/ask.py" <<'PY'
import socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(20)
peer.sendall(f"GET {sys.argv[2]} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
got = b""
while piece := peer.recv(65536):
    got += piece
head, content = got.lower().split(b"\r\n\r\n", 1)
said = ["announced"] if b"\r\ntrailer: x-sum" in head else []
if b"\r\nx-sum: 7\r\r\n" in head:
    said.append("in the head behind two CR")
if b"transfer-encoding: chunked" in head:
    said.append("whole" if content.endswith(b"\r\n\r\n") and b"\r\n0\r\n" in content else "cut off")
    if b"\r\nx-sum: 7\r\n" in content:
        said.append("forwarded")
print(", ".join(said))
PY
origin=$(free_port)
serve node "$T/app.mjs" "$origin"
up "$origin"
proxies "$origin"
ask() {
    local seen
    case $1 in
    varnish) seen='cut off' ;;
    lighttpd) seen='in the head behind two CR' ;;
    nginx) seen='announced, whole' ;;
    apache) seen=whole ;;
    *) seen='announced, whole, forwarded' ;;
    esac
    see "$1" "$seen" "$(python3 "$T/ask.py" "$2" "$3")"
}
see 'node itself' 'announced, whole, forwarded' "$(python3 "$T/ask.py" "$origin" /)"
each /
verdict
