#!/usr/bin/env bash
# `GET /folder` where `/folder/` is meant, behind a port that was mapped.
#
# Servers of files, as they are configured first, and frameworks whose route ends in a slash.
# Each listens at a port of its own, and socat makes it known at another, as `docker run -p
# 8080:80` and ssh's `-L` do; curl asks there. wget2 1.99.1, which leaves the port out of its
# Host field, asks at the server's own port.
#
# A good guess: RFC 9110 §10.2.2 has allowed relative Locations since 2014 (RFC 7231); who
# still writes an absolute one takes host and port from Host. All arrive.
#
# Seen: nginx 1.22.1 and webfs 1.21 take the name from Host and the port from their own
# configuration, so that who came by the mapped port is sent to one that is nobody's. Apache
# 2.4.71, starlette 1.10.0 and flask 3.1.3 take both from Host: who came by the mapped port
# arrives, and wget2 is sent to port 80. lighttpd 1.4.69, caddy 2.6.2, busybox 1.35.0, mini_httpd
# 1.30, merecat 2.31, Python 3.11's http.server, express 5.3.0, fastify 5.12.8, Django 5.2.19 and aiohttp
# 3.14.5 give `/folder/`. merecat's redirect has no length and says `Connection: keep-alive`, and the
# connection closes behind it: wget2 asks there once more, and its one try is over.
. "$(dirname "$0")/kit.sh"

debs socat=1.7.4.4-2 wget2=1.99.1-2.2 curl=7.88.1-10+deb12u15 "${file_debs[@]}"
npm_packages "${file_npm[@]}"
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
    local seen='/folder/, and wget2 arrived'
    case $1 in
    nginx | webfs) seen='http://localhost:INNER/folder/, and wget2 arrived' ;;
    apache | starlette | flask) seen='http://localhost:OUTER/folder/, and wget2' ;;
    merecat) seen='/folder/, and wget2' ;;
    esac
    see "$1" "$seen" "$location, and wget2$(of timeout 10 wget2 -q -t 1 -O - "http://localhost:$2/folder" | sed 's/^/ /')"
}
file_servers
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
