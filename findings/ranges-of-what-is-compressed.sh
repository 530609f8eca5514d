#!/usr/bin/env bash
# A range, and a second look, of a file that the server compresses as it sends it.
#
# A text of 108,894 bytes on servers that are told to compress with gzip, as their
# documentation shows it first. It is asked for as Python's requests asks whenever it is given
# a range, with `Accept-Encoding: gzip` and `Range: bytes=1000-1999`; and once more whole,
# with the ETag that the compressed response had in If-None-Match.
#
# A good guess: a range is one of the representation that would be sent (RFC 9110 §14.2), and
# nobody knows the bytes of that before they are made; so it is a range of the plain file, without
# a coding, or the whole with 200. The compressed file has another ETag than the plain
# one, or a weak one (§8.8.3.3), and the second look is answered with 304.
#
# Seen: caddy 2.6.2 and aiohttp 3.14.5 cut the range out of the plain file and compress the
# piece: 206, `Content-Range: bytes 1000-1999/108894`, and a gzip of its own, which is
# a range of nothing that they would send. Both, and starlette 1.10.0, give the same
# strong ETag to the file and to its gzip, so a cache that puts ranges together by ETag has
# bytes of both. Apache 2.4.71 adds `-gzip` to the ETag and does not know it again: the second look
# never is 304, and all of it is sent each time. As guessed: nginx 1.22.1,
# lighttpd 1.4.69, express 5.3.0, fastify 5.12.8, and koa 3.2.1, which has no ETag.
. "$(dirname "$0")/kit.sh"

debs nginx=1.22.1-9+deb12u11 apache2-bin=2.4.71-1~deb12u1 lighttpd=1.4.69-1 \
    lighttpd-mod-deflate=1.4.69-1 caddy=2.6.2-5
npm_packages express@5.3.0 compression@1.8.2 koa@3.2.1 koa-static@5.0.0 koa-compress@5.2.2 \
    fastify@5.12.8 @fastify/static@10.1.11 @fastify/compress@9.2.0
pypi uvicorn==0.54.0 starlette==1.10.0 aiohttp==3.14.5

mkdir -p "$T/www"
seq 20000 >"$T/www/list.txt"
touch -d '2024-01-01 UTC' "$T/www/list.txt"
cat >"$T/ask.py" <<'PY'
import http.client, sys, zlib
port, path = int(sys.argv[1]), sys.argv[2]
plain = open(sys.argv[3], "rb").read()
def ask(**fields):
    peer = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    peer.request("GET", path, headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = peer.getresponse()
    return answer, answer.read()
def gunzip(data):
    try:
        return zlib.decompress(data, 31)
    except zlib.error:
        return None
whole, packed = ask(Accept_Encoding="gzip")
assert whole.getheader("Content-Encoding") == "gzip" and gunzip(packed) == plain, dict(whole.headers)
tag, own = whole.getheader("ETag"), ask()[0].getheader("ETag")
part, data = ask(Accept_Encoding="gzip", Range="bytes=1000-1999")
coded = part.getheader("Content-Encoding") == "gzip"
if part.status == 200:
    said = "all of it"
elif not coded and data == plain[1000:2000]:
    said = "of the file"
elif coded and gunzip(data) == plain[1000:2000]:
    said = "of the file, and compressed"
elif coded and data == packed[1000:2000]:
    said = "of the gzip"
else:
    said = f"of neither ({len(data)} bytes, {part.getheader('Content-Encoding')})"
if not tag:
    kind = "no ETag"
elif tag.startswith("W/"):
    kind = "a weak ETag"
else:
    kind = "the plain file's strong ETag" if tag == own else "a strong ETag of its own"
again = ask(Accept_Encoding="gzip", If_None_Match=tag)[0].status if tag else ""
print(f"{part.status} {said}; {kind}, {again}".rstrip(", "))
PY
ask() { # NAME PORT
    local seen
    case $1 in
    nginx) seen='200 all of it; a weak ETag, 304' ;;
    apache) seen='200 all of it; a strong ETag of its own, 200' ;;
    lighttpd) seen='200 all of it; a strong ETag of its own, 304' ;;
    caddy | aiohttp) seen="206 of the file, and compressed; the plain file's strong ETag, 304" ;;
    express | fastify) seen='206 of the file; a weak ETag, 304' ;;
    koa) seen='200 all of it; no ETag' ;;
    starlette) seen="206 of the file; the plain file's strong ETag, 304" ;;
    esac
    up "$2"
    see "$1" "$seen" "$(python3 "$T/ask.py" "$2" /list.txt "$T/www/list.txt" 2>&1 | tail -n 1)"
}
port=$(free_port)
nginx "types { text/plain txt; } gzip on; gzip_types text/plain; server { listen 127.0.0.1:$port; root $T/www; }"
ask nginx "$port"

port=$(free_port)
cat >"$T/apache.conf" <<CONF
ServerRoot $T
ServerName a
Listen 127.0.0.1:$port
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
LoadModule mpm_event_module $root/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module $root/usr/lib/apache2/modules/mod_authz_core.so
LoadModule filter_module $root/usr/lib/apache2/modules/mod_filter.so
LoadModule mime_module $root/usr/lib/apache2/modules/mod_mime.so
LoadModule deflate_module $root/usr/lib/apache2/modules/mod_deflate.so
TypesConfig /dev/null
AddType text/plain .txt
AddOutputFilterByType DEFLATE text/plain
DocumentRoot $T/www
CONF
serve of apache2 -X -f "$T/apache.conf"
ask apache "$port"

port=$(free_port)
cat >"$T/lighttpd.conf" <<CONF
server.document-root = "$T/www"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ( "mod_deflate" )
mimetype.assign = ( ".txt" => "text/plain" )
deflate.mimetypes = ( "text/plain" )
deflate.allowed-encodings = ( "gzip" )
CONF
serve of lighttpd -D -f "$T/lighttpd.conf" -m "$root/usr/lib/lighttpd"
ask lighttpd "$port"

port=$(free_port)
cat >"$T/Caddyfile" <<CONF
{
	admin off
	auto_https off
}
http://127.0.0.1:$port {
	bind 127.0.0.1
	encode gzip
	root * $T/www
	file_server
}
CONF
serve of caddy run --adapter caddyfile --config "$T/Caddyfile"
ask caddy "$port"

cat >"$T/app.mjs" <<'JS'
import { createRequire } from 'node:module'
const [kind, port, www, js] = process.argv.slice(2)
const require = createRequire(js + '/')
const there = [Number(port), '127.0.0.1']
if (kind === 'express') {
    const express = require('express')
    express().use(require('compression')()).use(express.static(www)).listen(...there)
} else if (kind === 'koa') {
    const Koa = require('koa')
    const load = (name) => require(name).default ?? require(name)
    new (Koa.default ?? Koa)().use(load('koa-compress')()).use(load('koa-static')(www)).listen(...there)
} else {
    const app = require('fastify')()
    await app.register(require('@fastify/compress'))
    await app.register(require('@fastify/static'), { root: www })
    await app.listen({ port: there[0], host: there[1] })
}
JS
for kind in express koa fastify; do
    port=$(free_port)
    serve node "$T/app.mjs" "$kind" "$port" "$T/www" "$js"
    ask "$kind" "$port"
done

cat >"$T/app.py" <<'PY'
import os, sys
www = os.environ["WWW"]
def starlette():
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles
    return Starlette(routes=[Mount("/", StaticFiles(directory=www))], middleware=[Middleware(GZipMiddleware)])
if __name__ == "__main__":
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "starlette":
        import uvicorn
        uvicorn.run(starlette(), host="127.0.0.1", port=port)
    else:
        from aiohttp import web
        async def answer(request):
            response = web.FileResponse(www + "/list.txt")
            response.enable_compression()
            return response
        app = web.Application()
        app.router.add_get("/list.txt", answer)
        web.run_app(app, host="127.0.0.1", port=port)
PY
for kind in starlette aiohttp; do
    port=$(free_port)
    WWW=$T/www serve "$venv/bin/python" "$T/app.py" "$kind" "$port"
    ask "$kind" "$port"
done
verdict
