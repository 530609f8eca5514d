#!/usr/bin/env bash
# A Unix socket whose backlog is full, because its server is busy.
#
# gunicorn 27.0.1 (one sync worker, `--backlog 1`) is busy with a request and has two more
# waiting. Now clients come, over a Unix socket; and the same over TCP.
#
# A good guess: `connect` waits, or the client's limit for connecting passes; once the
# server has time, everybody gets 200, as over TCP.
#
# Seen: over the Unix socket only who blocks in `connect` waits: http.client without a
# timeout gets its 200. For a socket that does not block, or has a timeout, Linux answers
# EAGAIN at once, which is neither "in progress" nor "refused": curl 7.88.1 exits with 7
# ("couldn't connect") after 0 ms; node 20 says "connect EAGAIN"; httpx 0.28.1 (by
# httpcore) "[Errno 11] Resource temporarily unavailable", although it has a limit of 60
# s; aiohttp 3.14.5's asyncio takes the error for "in progress", finds the socket
# writable, holds it for connected and fails with ENOTCONN when it writes; nginx 1.22.1
# before such a server gives 502. Over TCP all of them wait and get 200.
. "$(dirname "$0")/kit.sh"

debs curl=7.88.1-10+deb12u15 nginx=1.22.1-9+deb12u11
pypi gunicorn==27.0.1 aiohttp==3.14.5 httpx==0.28.1

cat >"$T/app.py" <<'PY'
import os, time

def wsgi(environ, start_response):
    while not os.path.exists("go"):
        time.sleep(0.1)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
PY
cat >"$T/fill.py" <<'PY'
# One request that keeps the worker, two that wait in the backlog.
import socket, sys, time
held = []
for number in range(3):
    if sys.argv[1].isdigit():
        peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    else:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(sys.argv[1])
    peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    held.append(peer)
    time.sleep(1.5)
print("full", flush=True)
for peer in held:
    while peer.recv(1000):
        pass
PY
cat >"$T/client.mjs" <<'JS'
import http from 'node:http'
const [path, port] = process.argv.slice(2)
const to = path ? { socketPath: path } : { port }
http.get({ ...to, timeout: 60000 }, (response) => console.log(response.statusCode) || response.resume())
    .on('error', (error) => console.log(error.message.split(' /')[0]))
JS
cat >"$T/plain.py" <<'PY'
import http.client, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
if sys.argv[1]:
    connection = Unix("localhost")
else:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]))
connection.request("GET", "/")
print(connection.getresponse().status)
PY
cat >"$T/httpx.run.py" <<'PY'
import httpx, sys
path, port = sys.argv[1:]
transport = httpx.HTTPTransport(uds=path or None)
try:
    with httpx.Client(transport=transport, timeout=60) as client:
        print(client.get(f"http://127.0.0.1:{port}/").status_code)
except httpx.HTTPError as error:
    print(error)
PY
cat >"$T/aiohttp.run.py" <<'PY'
import aiohttp, asyncio, sys
path, port = sys.argv[1:]
async def main():
    connector = aiohttp.UnixConnector(path=path) if path else None
    patient = aiohttp.ClientTimeout(total=120, sock_connect=120)
    async with aiohttp.ClientSession(connector=connector, timeout=patient) as session:
        try:
            async with session.get(f"http://127.0.0.1:{port}/") as response:
                print(response.status)
        except aiohttp.ClientError as error:
            print(type(error).__name__, error)
asyncio.run(main())
PY

meet() { # a Unix socket's path or nothing, and a TCP port
    local path=$1 port=$2 bind=127.0.0.1:$2 filling process clients=() begun
    [ -z "$path" ] || bind=unix:$path
    rm -f "$T/go"
    (cd "$T" && exec "$venv/bin/gunicorn" --backlog 1 --timeout 200 -b "$bind" app:wsgi) >>"$T/served.log" 2>&1 &
    running+=($!)
    if [ -n "$path" ]; then until [ -S "$path" ]; do sleep 0.1; done; else up "$port"; fi
    python3 "$T/fill.py" "${path:-$port}" >"$T/full" &
    filling=$!
    until [ -s "$T/full" ]; do sleep 0.1; done
    local unix=()
    [ -z "$path" ] || unix=(--unix-socket "$path")
    of curl -s --connect-timeout 60 -w '%{http_code} exit %{exitcode}' -o /dev/null "${unix[@]}" \
        "http://127.0.0.1:$port/" >"$T/said.curl" &
    clients+=($!)
    node "$T/client.mjs" "$path" "$port" >"$T/said.node" 2>&1 &
    clients+=($!)
    python "$T/httpx.run.py" "$path" "$port" >"$T/said.httpx" 2>&1 &
    clients+=($!)
    python "$T/aiohttp.run.py" "$path" "$port" >"$T/said.aiohttp" 2>&1 &
    clients+=($!)
    python3 "$T/plain.py" "$path" "$port" >"$T/said.client" 2>&1 &
    clients+=($!)
    of curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$3/" >"$T/said.nginx" &
    clients+=($!)
    sleep 15
    touch "$T/go"
    wait "$filling" "${clients[@]}"
}
front=$(free_port) port=$(free_port)
nginx "proxy_connect_timeout 60; server { listen 127.0.0.1:$front; location / { proxy_pass http://unix:$T/s:/; } }
    server { listen 127.0.0.1:$port; location / { proxy_pass http://127.0.0.1:$((port + 1)); } }"
up "$front"
meet "$T/s" "$(free_port)" "$front"
see 'Unix, curl' '000 exit 7' "$(cat "$T/said.curl")"
see 'Unix, node' 'connect EAGAIN' "$(cat "$T/said.node")"
see 'Unix, httpx' '[Errno 11] Resource temporarily unavailable' "$(cat "$T/said.httpx")"
see 'Unix, aiohttp' 'ClientOSError [Errno 107] Transport endpoint is not connected' "$(cat "$T/said.aiohttp")"
see 'Unix, nginx before it' 502 "$(cat "$T/said.nginx")"
see 'Unix, http.client' 200 "$(cat "$T/said.client")"
meet '' $((port + 1)) "$port"
see 'TCP, curl' '200 exit 0' "$(cat "$T/said.curl")"
for who in node httpx aiohttp nginx client; do see "TCP, $who" 200 "$(cat "$T/said.$who")"; done
verdict
