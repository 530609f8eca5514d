#!/usr/bin/env bash
# Servers that are told to stop while they answer over HTTP/2.
#
# A request is open that takes a second (of three proxies' origin, too); the server gets
# the signal that its manual names for a graceful stop; 0.2 s later the client begins
# another request on the same connection, as one that has heard nothing yet would.
#
# A good guess, by RFC 9113 §6.8: GOAWAY at once, the open request is answered, and of the
# other GOAWAY says that it was not looked at (a last stream of 1), or it is answered, too.
#
# Seen, in cleartext: so do nginx 1.22.1, lighttpd 1.4.69 and granian 2.8.9 (not looked at)
# and haproxy 2.6.12, nghttpx 1.52.0, h2o 2.2.5 (answered). hypercorn 0.18.0 resets the
# other with NO_ERROR, without a response, and then says by GOAWAY that it may have been
# looked at: nothing tells the client that it may ask again. node 20's `server.close()`
# says nothing and answers whatever comes on the connection. caddy 2.6.2 breaks off the open
# request without a GOAWAY (over TLS it does not). Apache 2.4.67 says GOAWAY, and at the other
# breaks off the open one, with 4294966394 for a code, which is -902 as an unsigned number:
# without the other, all is well.
. "$(dirname "$0")/kit.sh"

debs nginx=1.22.1-9+deb12u7 haproxy=2.6.12-1+deb12u3 lighttpd=1.4.69-1 apache2-bin=2.4.67-1~deb12u2 \
    caddy=2.6.2-5 nghttp2-proxy=1.52.0-1+deb12u3 h2o=2.2.5+dfsg2-7
pypi h2==4.4.1 hypercorn==0.18.0 granian==2.8.9

cat >"$T/ask.py" <<'PY'
import os, signal, socket, sys, time
from h2.connection import H2Connection

port, process = int(sys.argv[1]), int(sys.argv[2])
peer = socket.create_connection(("127.0.0.1", port))
connection = H2Connection()
connection.initiate_connection()
said, unread = [], b""

def ask(stream):
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")]
    connection.send_headers(stream, fields, end_stream=True)
    peer.sendall(connection.data_to_send())

def frame(kind, flags, stream, payload):
    if kind == 7:
        last, code = (int.from_bytes(payload[at:at + 4]) for at in (0, 4))
        said.append(f"GOAWAY {'any' if last == 2**31 - 1 else last}" + (f" {code}" if code else ""))
    elif kind == 3:
        said.append(f"{stream} reset {int.from_bytes(payload)}")
    elif kind in (0, 1) and flags & 1:
        said.append(f"{stream} answered")
    elif kind == 4 and not flags & 1:
        peer.sendall(b"\0\0\0\4\1\0\0\0\0")
    elif kind == 6 and not flags & 1:
        peer.sendall(b"\0\0\x08\6\1\0\0\0\0" + payload)

def hear(seconds):
    global unread
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        peer.settimeout(left)
        try:
            piece = peer.recv(65536)
        except TimeoutError:
            return True
        if not piece:
            said.append("closed")
            return False
        unread += piece
        while len(unread) >= 9 and len(unread) >= 9 + (size := int.from_bytes(unread[:3])):
            stream = int.from_bytes(unread[5:9]) & 0x7FFFFFFF
            frame(unread[3], unread[4], stream, unread[9:9 + size])
            unread = unread[9 + size:]
    return True

ask(1)
hear(0.5)
os.kill(process, getattr(signal, sys.argv[3]))
if hear(0.2):
    try:
        ask(3)
        hear(5)
    except OSError:
        said.append("broken off")
print(", ".join(dict.fromkeys(said)))
PY
cat >"$T/app.mjs" <<'JS'
import http from 'node:http'
import http2 from 'node:http2'
const [kind, port] = process.argv.slice(2)
const answer = (request, response) => setTimeout(() => response.end('late\n'), 1000)
const server = kind === 'http2' ? http2.createServer(answer) : http.createServer(answer)
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit()))
JS
cat >"$T/app.py" <<'PY'
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"late\n"})
PY

cd "$T" || give_up 'no folder'
stopped() { # NAME SIGNAL SEEN: its process is in NAME.pid, or the last that was begun
    up "$port"
    sleep 1
    local process=${running[-1]}
    [ -e "$1.pid" ] && process=$(tr -dc 0-9 <"$1.pid")
    see "$1" "$3" "$(python "$T/ask.py" "$port" "$process" "$2" 2>&1 | tail -n 1)"
}
port=$(free_port)
serve node app.mjs http2 "$port"
stopped node SIGTERM '1 answered, 3 answered'
port=$(free_port)
serve "$venv/bin/hypercorn" -b "127.0.0.1:$port" app:app
stopped hypercorn SIGTERM '3 reset 0, 1 answered, GOAWAY 3, closed'
port=$(free_port)
serve "$venv/bin/granian" --interface asgi --http 2 --port "$port" app:app
stopped granian SIGTERM 'GOAWAY any, GOAWAY 1, 1 answered, closed'

origin=$(free_port)
serve node app.mjs http1 "$origin"
up "$origin"
port=$(free_port)
mkdir -p nginx
nginx "server { listen 127.0.0.1:$port http2; location / { proxy_pass http://127.0.0.1:$origin; } }"
up "$port" && cp nginx/pid nginx.pid
stopped nginx SIGQUIT 'GOAWAY 1, 1 answered, closed'
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
serve of haproxy -f haproxy.conf -p "$T/haproxy.pid"
up "$port"
[ -e haproxy.pid ] || pgrep -g "${running[-1]}" -x haproxy >haproxy.pid
stopped haproxy SIGUSR1 'GOAWAY any, 1 answered, 3 answered'
port=$(free_port)
cat >lighttpd.conf <<CONF
server.document-root = "$T"
server.bind = "127.0.0.1"
server.port = $port
server.pid-file = "$T/lighttpd.pid"
server.modules = ( "mod_proxy" )
server.feature-flags = ( "server.graceful-shutdown-timeout" => 10 )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => $origin )) )
CONF
serve of lighttpd -D -f lighttpd.conf -m "$root/usr/lib/lighttpd"
stopped lighttpd SIGINT 'GOAWAY 1, 1 answered, closed'
port=$(free_port)
cat >apache.conf <<CONF
ServerRoot $T
ServerName front
Listen 127.0.0.1:$port
PidFile $T/Apache.pid
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
[ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n' >>apache.conf
serve of apache2 -D FOREGROUND -f "$T/apache.conf"
stopped Apache SIGWINCH 'GOAWAY any, GOAWAY 1 4294966394, closed'
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
serve of caddy run --config Caddyfile --adapter caddyfile --pidfile "$T/caddy.pid"
stopped caddy SIGTERM 'closed'
port=$(free_port)
serve of nghttpx --conf=/dev/null "-f127.0.0.1,$port;no-tls" "-b127.0.0.1,$origin" --pid-file="$T/nghttpx.pid"
stopped nghttpx SIGQUIT 'GOAWAY any, 1 answered, 3 answered, GOAWAY 3, closed'
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
up "$port"
pgrep -o -g "${running[-1]}" -x h2o >h2o.pid
stopped h2o SIGTERM 'GOAWAY any, 1 answered, GOAWAY 3, 3 answered, closed'
verdict
