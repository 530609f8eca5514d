#!/usr/bin/env bash
# A client that closes its sending side behind its request, and an answer that takes a
# second.
#
# `nc -N` (netcat-openbsd 1.219) sends a request and half closes, as scripts, socat and
# `ssh host nc` do. The answer comes a second later.
#
# A good guess: TCP has half-close for this, and RFC 9112 §9.6 builds on it; a server that
# works gives its whole answer.
#
# Seen: no byte at all, not even an error, from node 20's http server, uvicorn 0.54.0
# (with h11 and with httptools), daphne 4.2.3, granian 2.8.9 and aiohttp 3.14.5; the whole
# answer from gunicorn 27.0.1, waitress 3.0.2, hypercorn 0.18.0 and cheroot 11.1.2. Of the
# proxies nginx 1.22.1 and privoxy 3.0.34 give up and send nothing; haproxy 2.6.12,
# varnish 7.1.1, tinyproxy 1.11.1, lighttpd 1.4.69 and Apache 2.4.71 hide the half-close
# from the server behind them and deliver: in front of node they make it work.
. "$(dirname "$0")/kit.sh"

debs netcat-openbsd=1.219-1 "${proxy_debs[@]}"
pypi gunicorn==27.0.1 waitress==3.0.2 uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 \
    hypercorn==0.18.0 daphne==4.2.3 granian==2.8.9 aiohttp==3.14.5 cheroot==11.1.2

cat >"$T/app.py" <<'PY'
import asyncio, time

def wsgi(environ, start_response):
    time.sleep(1)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"slow"]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        await asyncio.sleep(1)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"slow"})

def main(kind, port):
    if kind == "cheroot":
        from cheroot.wsgi import Server
        Server(("127.0.0.1", port), wsgi).start()
    from aiohttp import web
    async def answer(request):
        await asyncio.sleep(1)
        return web.Response(text="slow")
    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, host="127.0.0.1", port=port)

if __name__ == "__main__":
    import sys
    main(sys.argv[1], int(sys.argv[2]))
PY
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
http.createServer((request, response) => setTimeout(() => response.end('slow'), 1000))
    .listen(Number(process.argv[2]), '127.0.0.1')
JS

answer() { # PORT TARGET: the end of what comes
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" |
        of nc.openbsd -N -w 10 127.0.0.1 "$1" | tr -d '\r' >"$T/answer"
    [ -s "$T/answer" ] || { echo 'nothing'; return; }
    grep -q slow "$T/answer" && echo 'the whole answer' || head -n 1 "$T/answer"
}
with() { # NAME SEEN COMMAND...: PORT stands for one
    local name=$1 seen=$2 port
    port=$(free_port)
    shift 2
    (cd "$T" && exec "${@//PORT/$port}") >>"$T/served.log" 2>&1 &
    running+=($!)
    up "$port"
    see "$name" "$seen" "$(answer "$port" /)"
}
bin=$venv/bin
with 'node http' nothing node app.mjs PORT
with 'uvicorn, h11' nothing "$bin/uvicorn" --http h11 --port PORT app:asgi
with 'uvicorn, httptools' nothing "$bin/uvicorn" --http httptools --port PORT app:asgi
with daphne nothing "$bin/daphne" -p PORT app:asgi
with 'granian, asgi' nothing "$bin/granian" --interface asgi --port PORT app:asgi
with 'granian, wsgi' nothing "$bin/granian" --interface wsgi --port PORT app:wsgi
with aiohttp nothing "$bin/python" app.py aiohttp PORT
with 'gunicorn, sync' 'the whole answer' "$bin/gunicorn" -b 127.0.0.1:PORT app:wsgi
with 'gunicorn, gthread' 'the whole answer' "$bin/gunicorn" -k gthread -b 127.0.0.1:PORT app:wsgi
with waitress 'the whole answer' "$bin/waitress-serve" --listen 127.0.0.1:PORT app:wsgi
with hypercorn 'the whole answer' "$bin/hypercorn" -b 127.0.0.1:PORT app:asgi
with cheroot 'the whole answer' "$bin/python" app.py cheroot PORT

origin=$(free_port)
serve node "$T/app.mjs" "$origin"
up "$origin"
proxies "$origin"
ask() {
    local seen='the whole answer'
    case $1 in nginx | privoxy) seen=nothing ;; esac
    see "$1 before node" "$seen" "$(answer "$2" "$3")"
}
each /
verdict
