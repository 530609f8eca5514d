#!/usr/bin/env bash
# `GET /folder` where `/folder/` is meant, behind a port that was mapped.
#
. "$(dirname "$0")/kit.sh"

debs nginx=1.22.1-9+deb12u11 apache2-bin=2.4.71-1~deb12u1 lighttpd=1.4.69-1 caddy=2.6.2-5 \
    busybox=1:1.35.0-4+deb12u1+b1 webfs=1.21+ds1-12+b1 merecat=2.31+git20220513+ds-4.1 \
    mini-httpd=1.30-3 php8.2-cli=8.2.36-1~deb12u1 socat=1.7.4.4-2 wget2=1.99.1-2.2 curl=7.88.1-10+deb12u15
npm_packages express@5.3.0 fastify@5.12.8 @fastify/static@10.1.11
pypi uvicorn==0.54.0 starlette==1.10.0 aiohttp==3.14.5 flask==3.1.3 Django==5.2.19

mkdir -p "$T/www/folder"
echo arrived >"$T/www/folder/index.html"
# Every server is behind a port of another number, as `docker run -p` maps them.
ask() { # NAME INNER
    local outer location
    up "$2"
    outer=$(free_port)
    serve of socat "TCP-LISTEN:$outer,bind=127.0.0.1,reuseaddr,fork" "TCP:127.0.0.1:$2"
    up "$outer"
    location=$(of curl -s -o "$T/said" -w '%header{location}' "http://localhost:$outer/folder")
    location=${location/:$outer/:OUTER}
    location=${location/:$2/:INNER}
    see "$1" ? "$location, wget2: $(of timeout 10 wget2 -q -t 1 -O - "http://localhost:$2/folder" | tr -d '\n')"
}
port=$(free_port)
nginx "types { text/html html; } server { listen 127.0.0.1:$port; root $T/www; }"
ask nginx "$port"

port=$(free_port)
cat >"$T/apache.conf" <<CONF
ServerRoot $T
ServerName a.test
Listen 127.0.0.1:$port
PidFile $T/apache.pid
ErrorLog $T/apache.errors
DefaultRuntimeDir $T
LoadModule mpm_event_module $root/usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module $root/usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module $root/usr/lib/apache2/modules/mod_dir.so
DocumentRoot $T/www
CONF
serve of apache2 -X -f "$T/apache.conf"
ask apache "$port"

port=$(free_port)
cat >"$T/lighttpd.conf" <<CONF
server.document-root = "$T/www"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ( "mod_indexfile" )
index-file.names = ( "index.html" )
CONF
serve of lighttpd -D -f "$T/lighttpd.conf" -m "$root/usr/lib/lighttpd"
ask lighttpd "$port"

port=$(free_port)
serve of caddy file-server --listen "127.0.0.1:$port" --root "$T/www"
ask caddy "$port"
port=$(free_port)
serve of busybox httpd -f -p "127.0.0.1:$port" -h "$T/www"
ask busybox "$port"
port=$(free_port)
serve of webfsd -F -i 127.0.0.1 -p "$port" -r "$T/www" -f index.html
ask webfs "$port"
port=$(free_port)
serve of mini_httpd -D -h 127.0.0.1 -p "$port" -d "$T/www" -l "$T/mini.log" -i "$T/mini.pid"
ask mini_httpd "$port"
port=$(free_port)
serve of merecat -n -p "$port" "$T/www"
ask merecat "$port"
port=$(free_port)
serve of php8.2 -S "127.0.0.1:$port" -t "$T/www"
ask php "$port"
port=$(free_port)
serve python3 -m http.server --bind 127.0.0.1 -d "$T/www" "$port"
ask http.server "$port"

cat >"$T/app.mjs" <<'JS'
import { createRequire } from 'node:module'
const [kind, port, www, js] = process.argv.slice(2)
const require = createRequire(js + '/')
if (kind === 'express') {
    const express = require('express')
    express().use(express.static(www)).listen(Number(port), '127.0.0.1')
} else {
    const app = require('fastify')()
    await app.register(require('@fastify/static'), { root: www, redirect: true })
    await app.listen({ port: Number(port), host: '127.0.0.1' })
}
JS
for kind in express fastify; do
    port=$(free_port)
    serve node "$T/app.mjs" "$kind" "$port" "$T/www" "$js"
    ask "$kind" "$port"
done
cat >"$T/app.py" <<'PY'
import sys
kind, port = sys.argv[1], int(sys.argv[2])
if kind == "starlette":
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    app = Starlette(routes=[Route("/folder/", lambda request: PlainTextResponse("arrived\n"))])
    uvicorn.run(app, host="127.0.0.1", port=port)
elif kind == "flask":
    from flask import Flask
    app = Flask("a")
    app.add_url_rule("/folder/", view_func=lambda: "arrived\n")
    app.run(port=port)
elif kind == "django":
    import django.conf
    from django.http import HttpResponse
    from django.urls import path
    urlpatterns = [path("folder/", lambda request: HttpResponse("arrived\n"))]
    django.conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="a",
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
    from django.core.wsgi import get_wsgi_application
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", port, get_wsgi_application()).serve_forever()
else:
    from aiohttp import web
    async def answer(request):
        return web.Response(text="arrived\n")
    app = web.Application(middlewares=[web.normalize_path_middleware()])
    app.router.add_get("/folder/", answer)
    web.run_app(app, host="127.0.0.1", port=port)
PY
for kind in starlette flask django aiohttp; do
    port=$(free_port)
    serve python "$T/app.py" "$kind" "$port"
    ask "$kind" "$port"
done
verdict
