#!/usr/bin/env bash
# The cookies of an HTTP/2 request in several fields, behind real servers and proxies.
#
# RFC 9113 §8.2.3 lets a client give each cookie a field of its own, since they compress
# better so, and browsers do. Whoever hands them to an application that knows of HTTP/1
# joins them with "; " first. The request is that of PyPI's h2: `a=1`, `b=2`, `c=3`.
#
# A good guess: everybody joins them, since a site whose logins fail in browsers is noticed.
#
# Seen: node 20, hypercorn 0.18.0, nginx 1.22.1, haproxy 2.6.12, varnish 7.1.1, lighttpd
# 1.4.69, Apache 2.4.67, caddy 2.6.2, nghttpx 1.52.0 and h2o 2.2.5 do. granian 2.8.9 gives an
# ASGI application three fields, and a WSGI application `a=1;b=2;c=3`. What frameworks make
# of the three: starlette 1.10.0, quart 0.22.0 and blacksheep 2.6.4 find all cookies,
# litestar 2.25.0 the first alone, falcon 4.4.0 the last alone, and Django 5.2.19 a single
# one, `a`, whose value is `1,b=2,c=3`.
. "$(dirname "$0")/kit.sh"

debs nginx=1.22.1-9+deb12u7 haproxy=2.6.12-1+deb12u3 varnish=7.1.1-2+deb12u1 lighttpd=1.4.69-1 \
    apache2-bin=2.4.67-1~deb12u2 caddy=2.6.2-5 nghttp2-proxy=1.52.0-1+deb12u3 h2o=2.2.5+dfsg2-7
pypi h2==4.4.1 hypercorn==0.18.0 granian==2.8.9 starlette==1.10.0 quart==0.22.0 falcon==4.4.0 \
    litestar==2.25.0 blacksheep==2.6.4 django==5.2.19

cat >"$T/ask.py" <<'PY'
import socket, sys
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, StreamEnded, StreamReset

peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
peer.settimeout(20)
connection = H2Connection()
connection.initiate_connection()
fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")]
connection.send_headers(1, fields + [("cookie", each) for each in ("a=1", "b=2", "c=3")], end_stream=True)
peer.sendall(connection.data_to_send())
content, over = b"", False
while not over and (piece := peer.recv(65536)):
    for event in connection.receive_data(piece):
        if isinstance(event, DataReceived):
            content += event.data
        over = over or isinstance(event, (StreamEnded, StreamReset, ConnectionTerminated))
    peer.sendall(connection.data_to_send())
print(content.decode())
PY
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
import http2 from 'node:http2'
const [kind, port] = process.argv.slice(2)
const answer = (request, response) => {
    const raw = request.rawHeaders, cookies = []
    for (let at = 0; at < raw.length; at += 2) {
        if (raw[at].toLowerCase() === 'cookie') cookies.push(raw[at + 1])
    }
    response.end(kind === 'http2' ? request.headers.cookie : cookies.join(' | '))
}
const server = kind === 'http2' ? http2.createServer(answer) : http.createServer(answer)
server.listen(Number(port), '127.0.0.1')
JS
cat >"$T/app.py" <<'PY'
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    cookies = [value for name, value in scope["headers"] if name == b"cookie"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b" | ".join(cookies)})

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["HTTP_COOKIE"].encode()]
PY
said='",".join(f"{name}={value}" for name, value in cookies.items())'
cat >"$T/starlette_app.py" <<PY
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
def home(request):
    cookies = request.cookies
    return PlainTextResponse($said)
app = Starlette(routes=[Route("/", home)])
PY
cat >"$T/quart_app.py" <<PY
from quart import Quart, request
app = Quart(__name__)
@app.get("/")
async def home():
    cookies = request.cookies
    return $said
PY
cat >"$T/falcon_app.py" <<PY
import falcon.asgi
class Home:
    async def on_get(self, request, response):
        cookies = request.cookies
        response.text = $said
app = falcon.asgi.App()
app.add_route("/", Home())
PY
cat >"$T/litestar_app.py" <<PY
from litestar import Litestar, Request, get
@get("/")
async def home(request: Request) -> str:
    cookies = request.cookies
    return $said
app = Litestar([home])
PY
cat >"$T/blacksheep_app.py" <<PY
from blacksheep import Application, Request
app = Application()
@app.router.get("/")
async def home(request: Request):
    cookies = request.cookies
    return $said
PY
cat >"$T/django_app.py" <<PY
import django
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="none", MIDDLEWARE=[])
django.setup()
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.urls import path
def home(request):
    cookies = request.COOKIES
    return HttpResponse($said)
urlpatterns = [path("", home)]
app = get_asgi_application()
PY

cd "$T" || give_up 'no folder'
with() { # NAME SEEN COMMAND...: PORT stands for one
    local port
    port=$(free_port)
    serve "${@:3}" "${port}"
    asked "$1" "$2" "$port"
}
asked() { # NAME SEEN PORT
    up "$3"
    see "$1" "$2" "$(python "$T/ask.py" "$3" 2>&1 | tail -n 1)"
}
joined='a=1; b=2; c=3'
with node "$joined" node app.mjs http2
with hypercorn "$joined" sh -c "exec '$venv/bin/hypercorn' -b 127.0.0.1:\$0 app:asgi"
granian() { # INTERFACE APPLICATION PORT
    "$venv/bin/granian" --interface "$1" --http 2 --no-ws --port "$3" "$2"
}
with 'granian, ASGI' 'a=1 | b=2 | c=3' granian asginl app:asgi
with 'granian, WSGI' 'a=1;b=2;c=3' granian wsgi app:wsgi
with 'granian and starlette' 'a=1,b=2,c=3' granian asgi starlette_app:app
with 'granian and quart' 'a=1,b=2,c=3' granian asgi quart_app:app
with 'granian and blacksheep' 'a=1,b=2,c=3' granian asgi blacksheep_app:app
with 'granian and litestar' 'a=1' granian asgi litestar_app:app
with 'granian and falcon' 'c=3' granian asgi falcon_app:app
with 'granian and Django' 'a=1,b=2,c=3' granian asgi django_app:app

origin=$(free_port)
serve node app.mjs http1 "$origin"
up "$origin"
port=$(free_port)
nginx "server { listen 127.0.0.1:$port http2; location / { proxy_pass http://127.0.0.1:$origin; } }"
asked 'nginx' "$joined" "$port"
port=$(free_port)
cat >haproxy.conf <<CONF
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
listen front
  bind 127.0.0.1:$port proto h2
  server origin 127.0.0.1:$origin
CONF
serve of haproxy -f haproxy.conf
asked 'haproxy' "$joined" "$port"
port=$(free_port)
serve of varnishd -F -n "$T/varnish" -a "127.0.0.1:$port" -b "127.0.0.1:$origin" -s malloc,16m -j none -p feature=+http2
asked 'varnish' "$joined" "$port"
port=$(free_port)
cat >lighttpd.conf <<CONF
server.document-root = "$T"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ( "mod_proxy" )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => $origin )) )
CONF
serve of lighttpd -D -f lighttpd.conf -m "$root/usr/lib/lighttpd"
asked 'lighttpd' "$joined" "$port"
port=$(free_port)
cat >apache.conf <<CONF
ServerRoot $T
ServerName front
Listen 127.0.0.1:$port
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
LoadModule mpm_event_module $root/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module $root/usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module $root/usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module $root/usr/lib/apache2/modules/mod_proxy_http.so
LoadModule http2_module $root/usr/lib/apache2/modules/mod_http2.so
Protocols h2c http/1.1
ProxyPass / http://127.0.0.1:$origin/
CONF
serve of apache2 -X -f "$T/apache.conf"
asked 'Apache' "$joined" "$port"
port=$(free_port)
cat >Caddyfile <<CONF
{
    admin off
    servers {
        protocols h1 h2c
    }
}
http://:$port {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:$origin
}
CONF
serve of caddy run --config Caddyfile --adapter caddyfile
asked 'caddy' "$joined" "$port"
port=$(free_port)
serve of nghttpx --conf=/dev/null "-f127.0.0.1,$port;no-tls" "-b127.0.0.1,$origin"
asked 'nghttpx' "$joined" "$port"
port=$(free_port)
cat >h2o.conf <<CONF
listen:
  host: 127.0.0.1
  port: $port
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:$origin/
CONF
serve of h2o -c h2o.conf
asked 'h2o' "$joined" "$port"
verdict
