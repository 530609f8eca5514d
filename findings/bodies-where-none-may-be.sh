#!/usr/bin/env bash
# An application that writes content for HEAD, 204 and 304, on today's servers.
#
# The application does what many do: it writes its text whatever it was asked. Servers
# know that no content may follow (RFC 9112 §6.3, 1) and leave it out; several of Debian
# 12's did not. These are releases of 2026 from PyPI.
#
# A good guess: mended since; WSGI and ASGI servers leave the content out, or close.
#
# Seen: content on a connection that stays open behind HEAD from waitress 3.0.2, behind
# 204 and 304 from cheroot 11.1.2, behind all three from aiohttp 3.14.5's StreamResponse.
# gunicorn 27.0.1, uvicorn 0.54.0, hypercorn 0.18.0, daphne 4.2.3 and granian 2.8.9 leave
# it out; uvicorn closes behind 204 and 304. What stays behind is the beginning of the
# next response to whoever asks again on that connection at once.
. "$(dirname "$0")/kit.sh"

pypi gunicorn==27.0.1 waitress==3.0.2 uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 \
    hypercorn==0.18.0 daphne==4.2.3 granian==2.8.9 aiohttp==3.14.5 cheroot==11.1.2

cat >"$T/app.py" <<'PY'
CODES = {"/204": (204, "204 No Content"), "/304": (304, "304 Not Modified")}

def wsgi(environ, start_response):
    _, status = CODES.get(environ["PATH_INFO"], (200, "200 OK"))
    start_response(status, [("Content-Type", "text/plain")])
    return [b"hello world\n"]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        code, _ = CODES.get(scope["path"], (200, ""))
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello world\n"})

def main(kind, port):
    if kind == "cheroot":
        from cheroot.wsgi import Server
        Server(("127.0.0.1", port), wsgi).start()
    from aiohttp import web
    async def answer(request):
        code, _ = CODES.get(request.path, (200, ""))
        response = web.StreamResponse(status=code, headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(b"hello world\n")
        await response.write_eof()
        return response
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=port)

if __name__ == "__main__":
    import sys
    main(sys.argv[1], int(sys.argv[2]))
PY
cat >"$T/ask.py" <<'PY'
import socket, sys
said = []
for method, path in (("HEAD", "/"), ("GET", "/204"), ("GET", "/304")):
    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    peer.settimeout(2)
    peer.sendall(f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    got, end = b"", "open"
    try:
        while piece := peer.recv(65536):
            got += piece
        end = "closed"
    except TimeoutError:
        pass
    content = got.split(b"\r\n\r\n", 1)[1]
    said.append(f"{method} {path}: " + ("content, " if content else "") + end)
print("; ".join(said))
PY
kept='HEAD /: open; GET /204: open; GET /304: open'
with() { # NAME SEEN COMMAND...: PORT stands for one
    local name=$1 seen=$2
    port=$(free_port)
    shift 2
    (cd "$T" && exec "${@//PORT/$port}") >>"$T/served.log" 2>&1 &
    running+=($!)
    up "$port"
    see "$name" "$seen" "$(python3 "$T/ask.py" "$port")"
}
bin=$venv/bin
with 'gunicorn, sync' 'HEAD /: closed; GET /204: closed; GET /304: closed' "$bin/gunicorn" -b 127.0.0.1:PORT app:wsgi
with 'gunicorn, gthread' "$kept" "$bin/gunicorn" -k gthread --threads 4 --keep-alive 10 -b 127.0.0.1:PORT app:wsgi
with 'uvicorn, h11' 'HEAD /: open; GET /204: closed; GET /304: closed' "$bin/uvicorn" --http h11 --port PORT app:asgi
with 'uvicorn, httptools' 'HEAD /: open; GET /204: closed; GET /304: closed' "$bin/uvicorn" --http httptools --port PORT app:asgi
with hypercorn "$kept" "$bin/hypercorn" -b 127.0.0.1:PORT app:asgi
with daphne "$kept" "$bin/daphne" -p PORT app:asgi
with 'granian, asgi' "$kept" "$bin/granian" --interface asgi --port PORT app:asgi
with 'granian, wsgi' "$kept" "$bin/granian" --interface wsgi --port PORT app:wsgi
with waitress 'HEAD /: content, open; GET /204: closed; GET /304: closed' \
    "$bin/waitress-serve" --listen 127.0.0.1:PORT app:wsgi
with cheroot 'HEAD /: content, closed; GET /204: content, open; GET /304: content, open' \
    "$bin/python" app.py cheroot PORT
with aiohttp 'HEAD /: content, open; GET /204: content, open; GET /304: content, open' \
    "$bin/python" app.py aiohttp PORT
verdict
