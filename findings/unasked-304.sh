#!/usr/bin/env bash
# 304 (Not Modified) as the answer to a plain GET.
#
# An application answers 304 to who asked without any condition: it compares with a version
# that it remembers itself, or something in between has taken If-None-Match away. Here it is
# node's http server, asked by programs and through proxies.
#
# A good guess: nobody has anything to use in place of the content, so that programs call it an
# error; proxies hand it on.
#
# Seen: an empty file and success from curl 7.88.1 (with `-f`), wget2 1.99.1, PHP 8.2.36,
# and from requests 2.34.2 and aiohttp 3.14.5 when they are told to raise for a status; an error
# from wget 1.21.3, aria2c 1.36.0, lftp 4.9.2, busybox 1.35.0, httpx 0.28.1, urllib and node 20's
# `response.ok`. varnish 7.1.1 answers 503 "Backend fetch failed" in its place ("304 response but not
# conditional fetch", and it drops the connection to the server); the other six hand it on.
. "$(dirname "$0")/kit.sh"

debs curl=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1 wget2=1.99.1-2.2 aria2=1.36.0-1 lftp=4.9.2-2+b1 \
    busybox=1:1.35.0-4+deb12u1+b1 php8.2-cli=8.2.36-1~deb12u1 "${proxy_debs[@]}"
pypi requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
http.createServer((request, response) => response.writeHead(304, { etag: '"a"' }).end())
    .listen(Number(process.argv[2]), '127.0.0.1')
JS
port=$(free_port)
serve node "$T/app.mjs" "$port"
up "$port"
proxies "$port"
got() { # COMMAND...
    local result
    rm -f file
    "$@" >out 2>err
    result=$?
    [ -e file ] || mv out file
    echo "exit $result, $(wc -c <file) bytes"
}
try() { see "$1" "$2" "$(got "${@:3}" "http://127.0.0.1:$port/")"; }
cd "$T" || exit 2
try curl 'exit 0, 0 bytes' of curl -sf
try wget 'exit 8, 0 bytes' of wget -q -t 1 -O file
try wget2 'exit 0, 0 bytes' of wget2 -q -t 1 -O file
try aria2c 'exit 22, 0 bytes' of aria2c -q -m 1 -o file
try lftp 'exit 1, 0 bytes' of sh -c 'lftp -c "set net:max-retries 1; get $0 -o file"'
try busybox 'exit 1, 0 bytes' of busybox wget -q -O file
try php 'exit 0, 0 bytes' of php8.2 -r 'exit(file_get_contents($argv[1]) === false ? 1 : 0);'
script='import sys, LIBRARY as r; a = r.get(sys.argv[1]); a.raise_for_status(); print(a.text, end="")'
try requests 'exit 0, 0 bytes' python -c "${script//LIBRARY/requests}"
try httpx 'exit 1, 0 bytes' python -c "${script//LIBRARY/httpx}"
try urllib 'exit 1, 0 bytes' python -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read())'
try aiohttp 'exit 0, 0 bytes' python -c '
import aiohttp, asyncio, sys
async def main():
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(sys.argv[1]) as response:
        print(await response.text(), end="")
asyncio.run(main())'
try node 'exit 1, 0 bytes' node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1))'
ask() { # NAME PORT TARGET
    local seen=304
    [ "$1" = varnish ] && seen=503
    see "$1" "$seen" "$(printf 'GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' "$3" |
        python3 -c 'import socket, sys
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.sendall(sys.stdin.buffer.read())
print(peer.recv(12)[9:].decode())' "$2")"
}
each /
verdict
