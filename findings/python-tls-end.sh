#!/usr/bin/env bash
# How HTTPS of Python's own servers ends.
#
# A WSGI application that yields its text in pieces, so nobody knows its length, on Python
# 3.11's wsgiref with a socket wrapped by `ssl`, as its documentation has it: an HTTP/1.0
# response that ends with its connection.
#
# A good guess: closing a TLS socket sends close_notify, and every client knows that it
# has everything; if not, all report a truncation, for it could be an attack (RFC 8446
# §6.1).
#
# Seen: no close_notify is ever sent (`shutdown` drops the TLS layer first). wget 1.21.3,
# aria2c 1.36.0 and links2 2.28 write the whole text and fail (exit 4, 1, 1). curl 7.88.1,
# wget2 1.99.1, lftp 4.9.2, PHP 8.2.36, urllib, requests 2.34.2, httpx 0.28.1, aiohttp
# 3.14.5 and node 20's fetch take it for an end in order: they cannot tell a cut response
# from a whole one.
. "$(dirname "$0")/kit.sh"

debs curl=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1 wget2=1.99.1-2.2 aria2=1.36.0-1 \
    links2=2.28-1+b2 lftp=4.9.2-2+b1 php8.2-cli=8.2.36-1~deb12u1
pypi requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5

cd "$T" || exit 2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem \
    -out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>openssl.log
cat >server.py <<'PY'
import ssl, sys
from wsgiref.simple_server import make_server

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(4):
        yield b"%d\n" % number

server = make_server("127.0.0.1", int(sys.argv[1]), app)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PY
port=$(free_port)
serve python3 server.py "$port"
up "$port"
url=https://127.0.0.1:$port/

got() {
    local result
    rm -f got
    "$@" >out 2>errors
    result=$?
    [ -e got ] || mv out got
    echo "exit $result, $(tr '\n' ' ' <got)"
}
python_got() { got python -W ignore -c "import sys, ssl, $1; url = sys.argv[1]; $2" "$url"; }
whole='0 1 2 3 '
see 'openssl s_client' 'unexpected eof while reading' \
    "$(printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -quiet -connect "127.0.0.1:$port" 2>&1 | grep -ao 'unexpected eof while reading')"
see wget "exit 4, $whole" "$(got of wget -qO- --tries=1 --no-check-certificate "$url")"
see aria2c "exit 1, $whole" "$(got of aria2c -q --check-certificate=false -o got "$url")"
see links2 "exit 1, $whole" "$(got of links2 -ssl.certificates 0 -source "$url")"
see curl "exit 0, $whole" "$(got of curl -sk "$url")"
see wget2 "exit 0, $whole" "$(got of wget2 -qO- --no-check-certificate "$url")"
see lftp "exit 0, $whole" "$(got of lftp -c "set ssl:verify-certificate no; cat $url")"
see php "exit 0, $whole" "$(got of php8.2 -r 'echo file_get_contents($argv[1], false,
    stream_context_create(["ssl" => ["verify_peer" => false, "verify_peer_name" => false]]));' "$url")"
see urllib "exit 0, $whole" "$(python_got urllib.request \
    'print(urllib.request.urlopen(url, context=ssl._create_unverified_context()).read().decode(), end="")')"
see requests "exit 0, $whole" "$(python_got requests 'print(requests.get(url, verify=False).text, end="")')"
see httpx "exit 0, $whole" "$(python_got httpx 'print(httpx.get(url, verify=False).text, end="")')"
see aiohttp "exit 0, $whole" "$(got python -c '
import aiohttp, asyncio, sys
async def main():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1], ssl=False) as response:
        print(await response.text(), end="")
asyncio.run(main())' "$url")"
export NODE_TLS_REJECT_UNAUTHORIZED=0
see "node's fetch" "exit 0, $whole" \
    "$(got node -e 'fetch(process.argv[1]).then((r) => r.text()).then((text) => process.stdout.write(text))' "$url")"
verdict
