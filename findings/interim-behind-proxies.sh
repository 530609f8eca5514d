#!/usr/bin/env bash
# 103 (Early Hints) and 102 (Processing) through proxies.
#
# node's http server sends an interim response (`writeEarlyHints`, `writeProcessing`), and
# 200 with four bytes 300 ms later. In front of it is a proxy that its distribution ships,
# as it is configured first: a target, and nothing of interim responses.
#
# A good guess: RFC 9110 §15.2 has a proxy forward interim responses; old ones drop them.
# Either way 200 and four bytes come, after 300 ms.
#
# Seen: varnish 7.1.1 answers 503 "Backend fetch failed" in place of the page. nginx
# 1.22.1 takes the interim response for the final one: it waits until node closes its idle
# connection, and then gives a response with status 103 (102) whose content is the text of
# the real response, head and all, so a client that drops interim responses takes its 200
# out of that, by luck. haproxy 2.6.12, tinyproxy 1.11.1, lighttpd 1.4.69 and Apache
# 2.4.71 forward it; so does privoxy 3.0.34, which puts `Connection: close` into the
# interim response.
. "$(dirname "$0")/kit.sh"

debs "${proxy_debs[@]}"
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
http.createServer((request, response) => {
    if (request.url.endsWith('/hints')) response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    else response.writeProcessing()
    setTimeout(() => response.end('page'), 300)
}).listen(Number(process.argv[2]), '127.0.0.1')
JS
cat >"$T/ask.py" <<'PY'
import re, socket, sys, time
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(20)
head = f"GET {sys.argv[2]} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
begun, got = time.monotonic(), b""
peer.sendall(head.encode())
while piece := peer.recv(65536):
    got += piece
late = ", late" if time.monotonic() - begun > 4 else ""
heads = [h for h in got.decode().split("\r\n\r\n") if h.startswith("HTTP/1.1 ")]
said = []
for head in heads:
    close = "+close" if head[9:12] < "200" and re.search("(?im)^connection: *close", head) else ""
    server = "+Server" if head[9:12] < "200" and re.search("(?im)^server:", head) else ""
    said.append(head[9:12] + server + close)
print(" ".join(said) + late)
PY
origin=$(free_port)
serve node "$T/app.mjs" "$origin"
up "$origin"
proxies "$origin"
ask() {
    local seen=$code
    case $1 in
    varnish) seen=503 ;;
    nginx) seen="${code% 200}+Server+close 200, late" ;;
    privoxy) seen="${code% 200}+close 200" ;;
    *) seen=$code ;;
    esac
    see "$1, ${code% 200}" "$seen" "$(python3 "$T/ask.py" "$2" "$3")"
}
code='103 200'
see 'node itself' "$code" "$(python3 "$T/ask.py" "$origin" /hints)"
each /hints
code='102 200'
each /processing
verdict
